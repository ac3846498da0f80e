package dev.sandkeeper.docker;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.CreateContainerResponse;
import com.github.dockerjava.api.command.ExecCreateCmd;
import com.github.dockerjava.api.command.ExecCreateCmdResponse;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.core.LocalDirectorySSLConfig;
import com.github.dockerjava.httpclient5.ApacheDockerHttpClient;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Deadline;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One engine. Control calls go through docker-java, each in a thread of ours: on a unix socket docker-java has no timeouts,
 * and an interrupt of the caller must be answered at once. Connects at the first use, and again after a failure.
 */
final class Engine implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    /** How long an interrupted caller waits for what has been sent already. */
    private static final Duration SETTLES = Duration.ofSeconds(10);

    private final EngineAddress address;
    private final Path configuration;
    private final Duration callTimeout;
    private final Faults faults;
    private final ExecutorService workers;
    private final Object connecting = new Object();
    private volatile @Nullable Session session;
    private volatile boolean closed;

    /** What was agreed with the engine. */
    private record Session(
            DockerClient client, ObjectMapper json, EngineHttp http, ApiVersion version, String greeting) {}

    Engine(EngineAddress address, Path configuration, Duration callTimeout, String backend) {
        this.address = address;
        this.configuration = configuration;
        this.callTimeout = callTimeout;
        this.faults = new Faults(backend, address);
        AtomicInteger count = new AtomicInteger();
        this.workers = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "sandkeeper-" + backend + "-call-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    EngineAddress address() {
        return address;
    }

    Faults faults() {
        return faults;
    }

    Future<?> submit(Runnable task) {
        return workers.submit(task);
    }

    /** Runs what blocks on this backend's behalf; refuses once it is closed. */
    Executor workers() {
        return workers;
    }

    Duration callTimeout() {
        return callTimeout;
    }

    /** Connects if need be, and says to what. */
    String greeting() {
        return session().greeting;
    }

    /** Opens a stream. The path comes without the version. */
    HijackedStream hijack(String path, String json) throws IOException, InterruptedException {
        Session current = session();
        return current.http.hijack(current.version.prefix() + path, json, callTimeout);
    }

    /** Asks without docker-java. The path comes without the version. */
    EngineResponse request(String method, String path, byte[] body, String contentType)
            throws IOException, InterruptedException {
        Session current = session();
        return current.http.request(
                method, current.version.prefix() + path, body, contentType, Deadline.in(callTimeout));
    }

    /** Asks the engine within the usual time. */
    <T> T call(String what, Function<DockerClient, T> question) {
        return call(what, callTimeout, question);
    }

    /**
     * Asks the engine.
     *
     * @param what is tried, for messages: an infinitive
     * @throws DockerException if the engine answered with an error
     * @throws SandboxException if it did not answer in time or the caller was interrupted; the call may have taken effect
     */
    <T> T call(String what, Duration timeout, Function<DockerClient, T> question) {
        return call(what, timeout, question, false);
    }

    /**
     * As {@link #call(String, Duration, Function)}, for what takes effect at the engine even if nobody waits for the
     * answer: an interrupt is honoured when the answer is there.
     */
    <T> T callToItsEnd(String what, Duration timeout, Function<DockerClient, T> question) {
        return call(what, timeout, question, true);
    }

    /**
     * Asks in docker-java's words but not through it: docker-java and its HTTP client log what they send and get, and here
     * that has the values of environment variables.
     *
     * @param path without the version
     * @param body a docker-java command that has not been executed, or null for none
     * @throws DockerException if the engine answered with an error
     */
    private <T> T ask(Session current, String path, @Nullable Object body, Duration timeout, Class<T> answer) {
        try {
            EngineResponse response = current.http.request(
                    body == null ? "GET" : "POST",
                    current.version.prefix() + path,
                    body == null ? new byte[0] : current.json.writeValueAsBytes(body),
                    "application/json",
                    Deadline.in(timeout));
            return switch (response.status()) {
                case 200, 201 -> current.json.readValue(response.body(), answer);
                case 404 -> throw new NotFoundException(response.message());
                case 409 -> throw new ConflictException(response.message());
                default -> throw new DockerException(response.message(), response.status());
            };
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new InterruptedIOException());
        }
    }

    /**
     * Looks at a container.
     *
     * @param ref its id or name
     * @throws DockerException if the engine answered with an error
     */
    InspectContainerResponse inspectContainer(String what, String ref) {
        Session current = session();
        String path = "/containers/" + URLEncoder.encode(ref, StandardCharsets.UTF_8) + "/json";
        return call(what, client -> ask(current, path, null, callTimeout, InspectContainerResponse.class));
    }

    /**
     * Makes a container. It takes effect at the engine even if nobody waits for the answer: an interrupt is honoured when
     * that is there.
     *
     * @throws DockerException if the engine answered with an error
     */
    String createContainer(
            String what, Duration timeout, String name, Function<DockerClient, CreateContainerCmd> description) {
        Session current = session();
        return callToItsEnd(
                what,
                timeout,
                client -> ask(
                                current,
                                "/containers/create?name=" + name,
                                description.apply(client),
                                timeout,
                                CreateContainerResponse.class)
                        .getId());
    }

    /**
     * Makes an exec.
     *
     * @param more what docker-java does not know, by its name in the engine's interface
     * @throws DockerException if the engine answered with an error
     */
    String createExec(
            String what,
            String containerId,
            Map<String, String> more,
            Function<DockerClient, ExecCreateCmd> description) {
        Session current = session();
        String path = "/containers/" + containerId + "/exec";
        return call(what, client -> {
            ObjectNode body = current.json.valueToTree(description.apply(client));
            more.forEach(body::put);
            return ask(current, path, body, callTimeout, ExecCreateCmdResponse.class)
                    .getId();
        });
    }

    private <T> T call(String what, Duration timeout, Function<DockerClient, T> question, boolean toItsEnd) {
        if (Thread.interrupted()) {
            throw faults.interrupted(what, new InterruptedException());
        }
        DockerClient client = session().client;
        Future<T> answer;
        try {
            answer = workers.submit(() -> question.apply(client));
        } catch (RejectedExecutionException e) {
            throw faults.closed(e);
        }
        try {
            return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            if (toItsEnd) {
                settle(answer);
            }
            answer.cancel(true);
            throw faults.interrupted(what, e);
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw faults.timeout(what, timeout);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof DockerException refused) {
                throw refused;
            }
            if (e.getCause() instanceof SandboxException known) {
                throw known;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw faults.unreachable(what, e.getCause() == null ? e : e.getCause());
        }
    }

    private static void settle(Future<?> answer) {
        Deadline deadline = Deadline.in(SETTLES);
        while (!answer.isDone() && !deadline.passed()) {
            try {
                answer.get(deadline.left(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                // the caller restores the flag: one interrupt is as good as two
                LOG.trace("interrupted again", e);
            } catch (ExecutionException | TimeoutException e) {
                LOG.debug("an interrupted call ended", e);
            }
        }
    }

    /** As {@link #call(String, Function)}, for what answers nothing. */
    void run(String what, Consumer<DockerClient> question) {
        run(what, callTimeout, question);
    }

    void run(String what, Duration timeout, Consumer<DockerClient> question) {
        call(what, timeout, client -> {
            question.accept(client);
            return true;
        });
    }

    private Session session() {
        Session current = session;
        if (current != null) {
            return current;
        }
        synchronized (connecting) {
            current = session;
            if (current == null) {
                current = connect();
                session = current;
            }
            return current;
        }
    }

    private Session connect() {
        if (closed) {
            throw faults.closed(null);
        }
        LocalDirectorySSLConfig sslConfig = address.certificates() == null
                ? null
                : new LocalDirectorySSLConfig(address.certificates().toString());
        EngineHttp http = new EngineHttp(address, context(sslConfig));
        EngineResponse ping;
        try {
            ping = http.get("/_ping", Deadline.in(callTimeout));
        } catch (IOException e) {
            throw faults.unreachable("reach the engine", e);
        } catch (InterruptedException e) {
            throw faults.interrupted("reach the engine", e);
        }
        if (ping.status() != 200) {
            throw faults.refused("reach the engine", ping.status(), ping.message());
        }
        ApiVersion version = ApiVersion.agree(ping.header("api-version"), faults);
        DefaultDockerClientConfig.Builder config = DefaultDockerClientConfig.createDefaultConfigBuilder()
                .withDockerHost(address.toString())
                .withDockerConfig(configuration.toString())
                .withDockerTlsVerify(sslConfig != null)
                .withApiVersion(version.toString());
        if (sslConfig != null) {
            config.withCustomSslConfig(sslConfig);
        }
        DefaultDockerClientConfig built = config.build();
        ApacheDockerHttpClient.Builder transport =
                new ApacheDockerHttpClient.Builder().dockerHost(address.uri()).connectionTimeout(callTimeout);
        if (sslConfig != null) {
            transport.sslConfig(sslConfig);
        }
        DockerClient client = DockerClientImpl.getInstance(built, transport.build());
        String greeting = "Docker engine at " + address + ", " + ping.header("server") + ", API " + version;
        LOG.debug("connected to {}", greeting);
        return new Session(client, built.getObjectMapper(), http, version, greeting);
    }

    private @Nullable SSLContext context(@Nullable LocalDirectorySSLConfig config) {
        if (config == null) {
            return null;
        }
        try {
            return config.getSSLContext();
        } catch (Exception e) {
            // docker-java's signature says no more than Exception
            throw faults.certificates(e);
        }
    }

    @Override
    public void close() {
        closed = true;
        workers.shutdownNow();
        Session current = session;
        if (current != null) {
            try {
                current.client.close();
            } catch (IOException e) {
                LOG.debug("closing the client of {}", address, e);
            }
        }
    }
}
