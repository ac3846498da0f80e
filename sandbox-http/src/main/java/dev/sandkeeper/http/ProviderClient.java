package dev.sandkeeper.http;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.Workers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one HTTP client of a backend. Calls block, answer {@link Thread#interrupt} by giving the connection up, and end by
 * their deadlines. Nothing is repeated that was not declared safe to repeat, unless it never left or the provider said that
 * it did not do it. Redirects are not followed. Safe from many threads.
 */
public final class ProviderClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProviderClient.class);
    private static final int LONGEST_COMPLAINT = 64 * 1024;
    private static final int IDLE_CONNECTIONS = 16;
    private static final long IDLE_SECONDS = 30;

    private final ProviderClientBuilder settings;
    private final OkHttpClient ok;
    private final ExecutorService sockets;
    private final Watchdog watchdog;
    private final Permits calls;
    private final Permits streams;
    private final Retries retries;
    private final Breaker breaker;
    private final Faults faults;
    private final Set<AutoCloseable> live = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;
    private volatile boolean succeeded;

    ProviderClient(ProviderClientBuilder settings) {
        this.settings = settings;
        String backend = settings.backend;
        faults = new Faults(backend);
        watchdog = new Watchdog(backend);
        calls = new Permits(settings.calls);
        streams = new Permits(settings.streams);
        retries = new Retries(backend, settings.attempts, settings.longestRetryAfter);
        breaker = new Breaker(backend, settings.breakerPause);
        sockets = Executors.newCachedThreadPool(Workers.daemons("sandkeeper-" + backend + "-socket"));
        Dispatcher dispatcher = new Dispatcher(sockets);
        dispatcher.setMaxRequests(Integer.MAX_VALUE);
        dispatcher.setMaxRequestsPerHost(Integer.MAX_VALUE);
        ok = new OkHttpClient.Builder()
                .dispatcher(dispatcher)
                .connectionPool(new ConnectionPool(IDLE_CONNECTIONS, IDLE_SECONDS, TimeUnit.SECONDS))
                .socketFactory(new InterruptibleSockets())
                .protocols(List.of(Protocol.HTTP_1_1))
                .retryOnConnectionFailure(false)
                .fastFallback(false) // would connect on threads that nobody can interrupt
                .followRedirects(false)
                .followSslRedirects(false)
                .cookieJar(settings.cookies)
                .connectTimeout(settings.connectTimeout)
                .readTimeout(settings.silence)
                .writeTimeout(settings.silence)
                .pingInterval(Duration.ofSeconds(30)) // of WebSockets alone
                .addInterceptor(Silence::apply)
                .addNetworkInterceptor(Silence::hideRetryAfterZero)
                .eventListenerFactory(call -> {
                    Progress progress = Progress.of(call.request());
                    return progress == null ? EventListener.NONE : progress;
                })
                .build();
    }

    /**
     * Starts a client.
     *
     * @param backend the backend's name, for exceptions and threads
     * @param errors maps the provider's failures
     * @return its settings
     */
    public static ProviderClientBuilder builder(String backend, ErrorMapper errors) {
        return new ProviderClientBuilder(backend, errors);
    }

    /**
     * Begins a call.
     *
     * @param method GET, POST, PUT, PATCH or DELETE
     * @param what what is tried, in words that follow "could not", such as {@code destroy sandbox x}; no secret in it
     * @param url where
     * @return the call, to be filled in and made
     */
    public ProviderCall call(String method, String what, HttpUrl url) {
        Request.Builder request = new Request.Builder();
        settings.headers.forEach(request::header);
        return new ProviderCall(this, method.toUpperCase(Locale.ROOT), what, url, request);
    }

    /** {@return what is masked in everything that this client says} */
    public Secrets secrets() {
        return settings.secrets;
    }

    /**
     * Starts an exception's words.
     *
     * @param code for programs
     * @param message what happened
     * @return a failure that names the backend
     */
    public Failure failure(String code, String message) {
        return faults.failure(code, message);
    }

    /**
     * The calling thread was interrupted while the backend waited on its own account. Its flag is set when this returns.
     *
     * @param what what was tried, in words that follow "trying to"
     * @param cause what was thrown
     * @return the exception to throw
     */
    public SandboxInterruptedException interrupted(String what, @Nullable Throwable cause) {
        return faults.interrupted(what, cause);
    }

    /**
     * Whether any call has succeeded so far. Until then a 404 may as well say that the address is wrong as that there is no such
     * sandbox, and whoever takes it for the latter would forget one that lives.
     *
     * @return whether the address is known to be right
     */
    public boolean hasSucceeded() {
        return succeeded;
    }

    /**
     * Runs something later, on the thread that watches over calls: it must not block.
     *
     * @param time when
     * @param task what
     * @return calls it off; does nothing if the client is closed, which calls it off, too
     */
    public Runnable after(Duration time, Runnable task) {
        try {
            Future<?> timer = watchdog.after(time, task);
            return () -> timer.cancel(false);
        } catch (RejectedExecutionException e) {
            return () -> {};
        }
    }

    Answer send(ProviderCall call) {
        Deadline deadline = Deadline.in(call.within() == null ? settings.callTimeout : call.within());
        return repeated(call, () -> {
            try (AnswerStream stream = attempt(call, calls, deadline)) {
                return new Answer(call, stream.status(), stream.headers(), whole(call, stream, deadline));
            }
        });
    }

    private byte[] whole(ProviderCall call, AnswerStream stream, Deadline deadline) {
        try {
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            InputStream in = stream.body();
            byte[] buffer = new byte[8192];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                body.write(buffer, 0, count);
                if (body.size() > call.longest()) {
                    throw new AttemptFailure(
                            new Answer(call, stream.status(), stream.headers(), new byte[0])
                                    .unreadable("it is longer than " + call.longest() + " bytes"),
                            false,
                            null,
                            deadline);
                }
            }
            return body.toByteArray();
        } catch (IOException e) {
            SandboxException lost = stream.lost(e);
            throw new AttemptFailure(lost, lost instanceof BackendUnavailableException, null, deadline);
        }
    }

    AnswerStream open(ProviderCall call, boolean isLong) {
        Deadline deadline = call.within() == null ? Deadline.never() : Deadline.in(call.within());
        return repeated(call, () -> attempt(call, isLong ? streams : calls, deadline));
    }

    ProviderSocket socket(ProviderCall call) {
        Deadline deadline = Deadline.in(call.within() == null ? settings.callTimeout : call.within());
        return repeated(call, () -> connect(call, deadline));
    }

    private <T> T repeated(ProviderCall call, Supplier<T> attempt) {
        try {
            return retries.run(attempt);
        } catch (AttemptFailure e) {
            SandboxException shown = e.shown();
            if (Thread.currentThread().isInterrupted() && !(shown instanceof SandboxInterruptedException)) {
                throw faults.interrupted(call.what(), shown);
            }
            throw shown;
        }
    }

    private AttemptFailure last(SandboxException shown, Deadline deadline) {
        return new AttemptFailure(shown, false, null, deadline);
    }

    /** Takes a place among the calls, and leave of the breaker. */
    private Runnable enter(ProviderCall call, Permits permits, Deadline deadline) {
        if (closed) {
            throw last(faults.closed(), deadline);
        }
        Runnable permit;
        try {
            permit = permits.take(deadline.orSooner(settings.callTimeout));
        } catch (InterruptedException e) {
            throw last(faults.interrupted(call.what(), e), deadline);
        }
        if (permit == null) {
            throw last(faults.busy(call.what(), permits.most(), permits == streams ? "streams" : "calls"), deadline);
        }
        if (!breaker.lets()) {
            permit.run();
            throw last(faults.spared(call.what(), breaker.pause()), deadline);
        }
        return permit;
    }

    private AnswerStream attempt(ProviderCall call, Permits permits, Deadline deadline) {
        Runnable permit = enter(call, permits, deadline);
        long start = System.nanoTime();
        Progress progress = new Progress(
                watchdog,
                settings.connectTimeout,
                call.head() == null ? settings.headTimeout : call.head(),
                call.streams());
        Call running = ok.newCall(
                call.request(progress, new Silence(call.silence() == null ? settings.silence : call.silence())));
        boolean given = false;
        try {
            call.runs(running);
            progress.start(running, deadline);
            Response response = running.execute();
            progress.headCame();
            long nanos = System.nanoTime() - start;
            log(call, response, nanos);
            if (!call.accepts(response.code())) {
                throw refused(call, response, deadline, nanos);
            }
            breaker.worked(nanos);
            if (response.isSuccessful()) {
                succeeded = true;
            }
            AnswerStream[] self = new AnswerStream[1];
            AnswerStream stream = new AnswerStream(call, running, response, progress, () -> {
                live.remove(self[0]);
                permit.run();
            });
            self[0] = stream;
            live.add(stream);
            given = true;
            if (closed) {
                stream.close();
            }
            return stream;
        } catch (RejectedExecutionException e) {
            breaker.undecided();
            throw last(faults.closed(), deadline);
        } catch (IOException e) {
            throw lostBeforeAnswer(call, progress, deadline, System.nanoTime() - start, e);
        } finally {
            if (!given) {
                progress.done();
                permit.run();
            }
        }
    }

    private AttemptFailure lostBeforeAnswer(
            ProviderCall call, Progress progress, Deadline deadline, long nanos, IOException e) {
        SandboxException shown = lost(call, progress, e);
        LOG.debug("{}: {} -> no answer after {} ms", settings.backend, call, TimeUnit.NANOSECONDS.toMillis(nanos));
        if (closed || call.cancelled() || shown instanceof SandboxInterruptedException) {
            breaker.undecided();
            return last(shown, deadline);
        }
        breaker.failed(nanos, shown);
        boolean again = shown instanceof BackendUnavailableException && (!progress.sent() || !call.streams());
        return new AttemptFailure(shown, again, null, deadline);
    }

    /** An answer that is none of success. */
    private AttemptFailure refused(ProviderCall call, Response response, Deadline deadline, long nanos) {
        ProviderFailure failure = failure(call, response);
        ErrorMapper mapper = call.errors() == null ? settings.errors : call.errors();
        SandboxException shown = mapper.map(failure);
        int status = failure.status();
        if (status >= 500
                && (shown instanceof BackendUnavailableException || shown instanceof OutcomeUnknownException)) {
            breaker.failed(nanos, shown);
        } else {
            breaker.worked(nanos);
        }
        boolean again = status == 429
                ? failure.retryAfter() != null || settings.repeatsLimited
                : status >= 500 && status != 501 && call.isRepeatable() && shown.retryable();
        return new AttemptFailure(shown, again && !call.streams(), failure.retryAfter(), deadline);
    }

    private ProviderFailure failure(ProviderCall call, Response response) {
        Secrets secrets = settings.secrets.and(call.secrets());
        String body = "";
        try (response) {
            body = new String(response.peekBody(LONGEST_COMPLAINT).bytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            LOG.debug("{}: {} -> {}, and its body was cut", settings.backend, call, response.code());
        }
        return new ProviderFailure(
                settings.backend,
                call.what(),
                call.toString(),
                response.code(),
                response.headers(),
                secrets.mask(body),
                requestId(response),
                RetryAfter.of(response.headers(), settings.clock),
                call.isRepeatable());
    }

    private ProviderSocket connect(ProviderCall call, Deadline deadline) {
        Runnable permit = enter(call, streams, deadline);
        long start = System.nanoTime();
        ProviderSocket socket = new ProviderSocket(this, call, permit);
        live.add(socket);
        boolean opened = false;
        try {
            Duration head = call.head() == null ? settings.headTimeout : call.head();
            socket.open(ok, deadline.orSooner(settings.connectTimeout.plus(head)), closed);
            Response refusal = socket.refusal();
            long nanos = System.nanoTime() - start;
            if (refusal != null) {
                log(call, refusal, nanos);
                throw refused(call, refusal, deadline, nanos);
            }
            SandboxException fault = socket.fault();
            if (fault != null) {
                breaker.failed(nanos, fault);
                throw new AttemptFailure(fault, !closed && fault.retryable(), null, deadline);
            }
            breaker.worked(nanos);
            opened = true;
            return socket;
        } catch (InterruptedException e) {
            breaker.undecided();
            throw last(faults.interrupted(call.what(), e), deadline);
        } finally {
            if (!opened) {
                socket.close();
            }
        }
    }

    void gone(AutoCloseable stream) {
        live.remove(stream);
    }

    /** What it means that a read or the wait for an answer has failed. */
    SandboxException lost(ProviderCall call, Progress progress, IOException e) {
        if (Thread.currentThread().isInterrupted()) {
            return faults.interrupted(call.what(), null);
        }
        return closed && progress.ended() == Progress.Ended.NOT
                ? faults.closed()
                : faults.lost(
                        call.what(),
                        call.url(),
                        progress,
                        call.isRepeatable(),
                        settings.secrets.and(call.secrets()),
                        e);
    }

    private @Nullable String requestId(Response response) {
        String id = settings.requestIdHeader == null ? null : response.header(settings.requestIdHeader);
        return id == null || id.length() > 100 ? null : settings.secrets.mask(id);
    }

    private void log(ProviderCall call, Response response, long nanos) {
        if (LOG.isDebugEnabled()) {
            String id = requestId(response);
            LOG.debug(
                    "{}: {} -> {} in {} ms{}",
                    settings.backend,
                    settings.secrets.and(call.secrets()).mask(call.toString()),
                    response.code(),
                    TimeUnit.NANOSECONDS.toMillis(nanos),
                    id == null ? "" : " (request " + id + ")");
        }
    }

    /** Gives up what is on its way, whose callers are told that the backend is closed. Idempotent, never throws. */
    @Override
    public void close() {
        closed = true;
        ok.dispatcher().cancelAll();
        for (AutoCloseable stream : live) {
            try {
                stream.close();
            } catch (Exception e) {
                LOG.debug("{}: a stream was not closed", settings.backend, e);
            }
        }
        watchdog.close();
        sockets.shutdownNow();
        ok.connectionPool().evictAll();
    }

    /** The backend's name. */
    @Override
    public String toString() {
        return "ProviderClient[" + settings.backend + "]";
    }
}
