package dev.sandkeeper.benchmarks;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.httpclient5.ApacheDockerHttpClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Three ways to have the engine start a process for each command, in the same containers: hardened as ours are, because
 * that is what an application would need.
 */
final class AlikePeers implements AutoCloseable {
    static final String CLI = "docker CLI exec";
    static final String RAW = "engine API, raw";
    static final String JAVA = "docker-java";

    private final RawEngine engine = new RawEngine();
    private final Alike alike;
    private final List<String> ids = new ArrayList<>();
    private final DockerClient client;

    AlikePeers(Ours ours, int count, String run) throws IOException {
        alike = new Alike(engine, ours.first(), run);
        DockerClientConfig config =
                DefaultDockerClientConfig.createDefaultConfigBuilder().build();
        client = DockerClientImpl.getInstance(
                config,
                new ApacheDockerHttpClient.Builder()
                        .dockerHost(config.getDockerHost())
                        .maxConnections(100)
                        .build());
        try {
            for (int i = 0; i < count; i++) {
                ids.add(alike.start());
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    String container(int i) {
        return ids.get(i % ids.size());
    }

    List<Peer> peers() {
        return List.of(
                new Way(CLI, this::cli),
                new Way(RAW, (container, arguments) -> engine.exec(container, Alike.USER, arguments)),
                new Way(JAVA, this::dockerJava));
    }

    private Ran cli(String container, String... arguments) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("exec", "--user", Alike.USER, container));
        all.addAll(List.of(arguments));
        return Cli.run(all.toArray(String[]::new));
    }

    private Ran dockerJava(String container, String... arguments) throws IOException, InterruptedException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        String id = client.execCreateCmd(container)
                .withUser(Alike.USER)
                .withAttachStdout(true)
                .withAttachStderr(true)
                .withCmd(arguments)
                .exec()
                .getId();
        try (ResultCallback.Adapter<Frame> output = new ResultCallback.Adapter<>() {
            @Override
            public void onNext(Frame frame) {
                (frame.getStreamType() == StreamType.STDERR ? err : out).writeBytes(frame.getPayload());
            }
        }) {
            client.execStartCmd(id).exec(output).awaitCompletion();
        }
        Long exitCode = client.inspectExecCmd(id).exec().getExitCodeLong();
        if (exitCode == null) {
            throw new IOException("docker-java says that the exec still runs");
        }
        return new Ran(exitCode.intValue(), out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @Override
    public void close() throws IOException {
        client.close();
        for (String id : ids) {
            alike.remove(id);
        }
        ids.clear();
    }

    /** How to run a command in a container that is known by its id. */
    @FunctionalInterface
    private interface Exec {
        Ran run(String container, String... arguments) throws Exception;
    }

    private final class Way implements Peer {
        private final String name;
        private final Exec exec;

        Way(String name, Exec exec) {
            this.name = name;
            this.exec = exec;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Ran exec(int container, String... arguments) throws Exception {
            return exec.run(container(container), arguments);
        }

        /** The containers are everybody's. */
        @Override
        public void close() {}
    }
}
