package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.docker.DockerBackend;
import dev.sandkeeper.store.SandboxStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** An application as ours would be: a manager over Docker, with a store in a file. */
final class Host implements AutoCloseable {
    static final String BUSYBOX = "sandkeeper-test/busybox";
    static final String DEBIAN = "sandkeeper-test/debian-python";

    private final Path directory;
    private final SandboxManager manager;
    private final String deployment;

    Host(Options options) throws IOException {
        directory = Files.createTempDirectory("sandkeeper-bench");
        SandboxStore store = SandboxStore.builder()
                .embedded(directory.resolve("store"))
                .deployment(options.run())
                .open();
        deployment = store.deployment();
        manager = SandboxManager.builder()
                .backend(DockerBackend.create())
                .store(store)
                .build();
    }

    SandboxManager manager() {
        return manager;
    }

    Path directory() {
        return directory;
    }

    static SandboxSpec.Builder spec(String image) {
        return SandboxSpec.builder().image(image).timeToLive(Duration.ofHours(2));
    }

    List<Sandbox> create(SandboxSpec spec, int count) {
        List<Sandbox> sandboxes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sandboxes.add(manager.create(spec));
        }
        return sandboxes;
    }

    /** The name that the engine knows it by. */
    static String container(Sandbox sandbox) {
        return sandbox.info().providerRef().orElseThrow();
    }

    /** Asks the engine, not us. */
    void requireNothingLeft() throws IOException, InterruptedException {
        String filter = "label=dev.sandkeeper.deployment=" + deployment;
        String left = Cli.must("ps", "--all", "--quiet", "--filter", filter)
                + Cli.must("volume", "ls", "--quiet", "--filter", filter);
        if (!left.isEmpty()) {
            throw new IllegalStateException("left at the engine: " + left);
        }
    }

    @Override
    public void close() {
        manager.close();
        try {
            Scratch.remove(directory);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + directory, e);
        }
    }
}
