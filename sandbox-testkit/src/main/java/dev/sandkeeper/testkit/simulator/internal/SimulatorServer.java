package dev.sandkeeper.testkit.simulator.internal;

import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The HTTP server of a simulator, on 127.0.0.1. Its threads end with {@link #close()}. */
public final class SimulatorServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SimulatorServer.class);
    private static final int MOST_THREADS = 1000;
    private static final int KEPT_REQUESTS = 10_000;
    private static final long STOP_MILLIS = 5000;

    private final String name;
    private final Manners manners;
    private final SimulatorFaults faults;
    private final Consumer<SimulatorTraffic> traffic;
    private final Alteration alteration;
    private final Server server;
    private final ServerConnector connector;
    private final ServerWebSocketContainer sockets;
    private final ExecutorService workers;
    private final ScheduledExecutorService timer;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Deque<String> requests = new ArrayDeque<>();

    /**
     * Describes a server.
     *
     * @param name of its threads: {@code simulator-<name>-...}
     * @param port on 127.0.0.1; 0 for any that is free
     * @param manners of the provider
     * @param faults what goes wrong
     * @param traffic told of every request and its answer
     * @param alteration what is changed in answers
     */
    public SimulatorServer(
            String name,
            int port,
            Manners manners,
            SimulatorFaults faults,
            Consumer<SimulatorTraffic> traffic,
            Alteration alteration) {
        this.name = "simulator-" + name;
        this.manners = manners;
        this.faults = faults;
        this.traffic = traffic;
        this.alteration = alteration;
        this.workers = Executors.newCachedThreadPool(threads("worker"));
        this.timer = Executors.newSingleThreadScheduledExecutor(threads("timer"));
        QueuedThreadPool pool = new QueuedThreadPool(MOST_THREADS, 4);
        pool.setName(this.name);
        pool.setDaemon(true);
        pool.setReservedThreads(0);
        pool.setStopTimeout(STOP_MILLIS);
        this.server = new Server(pool, new ScheduledExecutorScheduler(this.name + "-scheduler", true), null);
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.setUriCompliance(UriCompliance.UNSAFE);
        configuration.setSendServerVersion(false);
        configuration.setRequestHeaderSize(64 * 1024);
        this.connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(configuration));
        connector.setHost("127.0.0.1");
        connector.setPort(port);
        connector.setIdleTimeout(TimeUnit.MINUTES.toMillis(10));
        server.addConnector(connector);
        server.setStopTimeout(0);
        this.sockets = ServerWebSocketContainer.ensure(server);
        sockets.setIdleTimeout(Duration.ofMinutes(10));
        sockets.setMaxBinaryMessageSize(16L * 1024 * 1024);
        sockets.setMaxTextMessageSize(16L * 1024 * 1024);
        server.setHandler(new Dispatcher());
    }

    /**
     * Begins to listen.
     *
     * @return this server
     * @throws UncheckedIOException if it cannot, as when the port is in use
     */
    public SimulatorServer start() {
        try {
            server.start();
            return this;
        } catch (Exception e) {
            close();
            throw new UncheckedIOException(
                    new IOException(name + " cannot listen on 127.0.0.1:" + connector.getPort(), e));
        }
    }

    /**
     * Where it listens.
     *
     * @return such as {@code http://127.0.0.1:40123}, without a slash at the end
     */
    public URI uri() {
        return URI.create("http://127.0.0.1:" + connector.getLocalPort());
    }

    /**
     * The plan of faults.
     *
     * @return the one it was given
     */
    public SimulatorFaults faults() {
        return faults;
    }

    /**
     * What was asked for so far, without secrets.
     *
     * @return method, route and status of the last 10,000 requests that have ended, oldest first; status 0 of an answer that
     *     was not begun
     */
    public List<String> requests() {
        synchronized (requests) {
            return List.copyOf(requests);
        }
    }

    /**
     * Runs something that may block.
     *
     * @param what for the thread's name
     * @param task not run after {@link #close()}
     */
    public void run(String what, Runnable task) {
        try {
            workers.execute(task);
        } catch (RejectedExecutionException e) {
            LOG.debug("{} is closed; not run: {}", name, what);
        }
    }

    /**
     * Runs something again and again until {@link #close()}. It must not block for long.
     *
     * @param period between two runs
     * @param task what to run
     * @return to stop it
     */
    public ScheduledFuture<?> every(Duration period, Runnable task) {
        return timer.scheduleWithFixedDelay(
                () -> {
                    try {
                        task.run();
                    } catch (RuntimeException e) {
                        LOG.warn("{}: {}", name, e.toString());
                    }
                },
                period.toNanos(),
                period.toNanos(),
                TimeUnit.NANOSECONDS);
    }

    /**
     * Runs something later.
     *
     * @param delay from now
     * @param task what to run; it must not block for long
     * @return to cancel it
     */
    public ScheduledFuture<?> after(Duration delay, Runnable task) {
        return timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Waits, unless the simulator is closed meanwhile.
     *
     * @param time how long
     * @return whether it is closed
     */
    public boolean pause(Duration time) {
        try {
            return closed.await(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** Stops listening, cuts what is being answered and ends its threads, in a few seconds at most. Idempotent. */
    @Override
    public void close() {
        closed.countDown();
        timer.shutdownNow();
        workers.shutdownNow();
        try {
            server.stop();
            workers.awaitTermination(STOP_MILLIS, TimeUnit.MILLISECONDS);
            timer.awaitTermination(STOP_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            LOG.warn("{} did not stop in order: {}", name, e.toString());
        }
    }

    boolean keepsTraffic() {
        return traffic != SimulatorTraffic.NOBODY;
    }

    Alteration alteration() {
        return alteration;
    }

    void finished(Exchange exchange, SimulatorTraffic done) {
        synchronized (requests) {
            if (requests.size() == KEPT_REQUESTS) {
                requests.removeFirst();
            }
            requests.add(done.toString());
        }
        try {
            traffic.accept(done);
        } catch (RuntimeException e) {
            LOG.warn("a listener of {} failed: {}", exchange, e.toString());
        }
    }

    void log(Exchange exchange, Exception failure) {
        LOG.warn("{} failed in the simulator", exchange, failure);
    }

    void upgrade(Exchange exchange, @Nullable String protocol, Map<String, String> headers, WebSocket.Handler handler) {
        exchange.wire().upgraded();
        boolean done = sockets.upgrade(
                (request, response, callback) -> {
                    headers.forEach((key, value) -> response.getHeaders().put(key, value));
                    if (protocol != null) {
                        response.setAcceptedSubProtocol(protocol);
                    }
                    return new WebSocket(exchange, this, handler);
                },
                exchange.request(),
                exchange.response(),
                exchange.callback());
        if (!done) {
            exchange.wire().notUpgraded();
            throw new Refusal(manners.error(exchange, 400, "this path wants a WebSocket"));
        }
    }

    private void handle(Exchange exchange) {
        Optional<Router.Match> match;
        try {
            Router router = manners.router(exchange);
            match = router.find(exchange.method(), exchange.path());
            if (match.isEmpty()) {
                exchange.answer(manners.noRoute(exchange, router.methodsFor(exchange.path())));
                return;
            }
        } catch (Refusal e) {
            exchange.answer(e.answer());
            return;
        }
        SimulatorFault fault = faults.begin(match.get().route().name()).orElse(null);
        exchange.matched(match.get(), fault);
        if (fault != null && before(exchange, fault)) {
            return;
        }
        try {
            manners.check(exchange);
            match.get().route().handler().handle(exchange);
            if (!exchange.begun()) {
                throw new IllegalStateException("nothing was answered");
            }
        } catch (Refusal e) {
            exchange.answer(e.answer());
        } catch (IOException e) {
            // The request's body broke off or the client has gone.
            LOG.debug("{}: {}", exchange, e.toString());
            exchange.cut();
        } catch (Exception e) {
            if (closed.getCount() > 0) {
                log(exchange, e);
            }
            if (exchange.begun()) {
                exchange.cut();
            } else {
                exchange.answer(manners.error(exchange, 500, "internal server error"));
            }
        }
    }

    /** Answers whether nothing is to be done any more. */
    private boolean before(Exchange exchange, SimulatorFault fault) {
        switch (fault.kind()) {
            case LOST_REQUEST -> {
                exchange.cut();
                return true;
            }
            case RATE_LIMITED -> {
                exchange.answer(manners.rateLimited(
                        exchange, fault.time().plusMillis(999).toSeconds()));
                return true;
            }
            case SERVER_ERROR -> {
                exchange.answer(manners.error(exchange, fault.status(), "internal server error"));
                return true;
            }
            case SLOW -> {
                if (pause(fault.time())) {
                    exchange.cut();
                    return true;
                }
                return false;
            }
            case SANDBOX_DIES -> {
                Future<?> death = after(fault.time(), () -> run("death", () -> manners.lose(exchange)));
                LOG.debug("the sandbox of {} is to die: {}", exchange, death);
                return false;
            }
            default -> {
                return false;
            }
        }
    }

    private ThreadFactory threads(String role) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + role + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    private final class Dispatcher extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            Exchange exchange = new Exchange(request, response, callback, SimulatorServer.this);
            try {
                SimulatorServer.this.handle(exchange);
            } catch (RuntimeException e) {
                log(exchange, e);
                exchange.cut();
            }
            return true;
        }
    }
}
