package dev.sandkeeper.chaos;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.docker.DockerBackend;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.InMemoryBackend;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Where the hosts of one deployment work, whichever JVM they are: the same provider, the same store.
 *
 * @param backend {@code memory:PORT}, {@code docker:IMAGE} or {@code local:DIRECTORY}
 * @param store {@code h2:DIRECTORY}, or a URL of JDBC
 * @param deployment the deployment's id
 */
record Place(String backend, String store, String deployment) {
    /** Short, so that what a killed host held is free soon. */
    static final Duration LEASE = Duration.ofSeconds(2);
    /** Short, and never zero. */
    static final Duration GRACE = Duration.ofSeconds(2);

    SandboxBackend openBackend() {
        String at = behindColon(backend);
        return switch (backend.substring(0, backend.indexOf(':'))) {
            case "memory" -> InMemoryBackend.connect(Integer.parseInt(at));
            case "docker" -> DockerBackend.create();
            case "local" -> LocalBackend.builder().stateDirectory(Path.of(at)).build();
            default -> throw new IllegalArgumentException("there is no backend " + backend);
        };
    }

    SandboxStore openStore() {
        SandboxStore.Builder builder = SandboxStore.builder().deployment(deployment);
        return (store.startsWith("h2:") ? builder.embedded(Path.of(behindColon(store))) : builder.at(store, null, null))
                .open();
    }

    SandboxSpec.Builder spec() {
        SandboxSpec.Builder spec = SandboxSpec.builder();
        return backend.startsWith("docker:") ? spec.image(behindColon(backend)) : spec;
    }

    /** How many times slower than memory it is, roughly: what a host's times are multiplied by. */
    int pace() {
        return backend.startsWith("memory:") ? 1 : backend.startsWith("local:") ? 3 : 5;
    }

    static CleanupSettings settings() {
        return CleanupSettings.builder()
                .lookInterval(Duration.ofMillis(200))
                .lease(LEASE)
                .sweepGrace(GRACE)
                .sweepInterval(Duration.ofSeconds(1))
                .retry(Duration.ofMillis(200), Duration.ofSeconds(2))
                .parallelism(8)
                .build();
    }

    private static String behindColon(String text) {
        return text.substring(text.indexOf(':') + 1);
    }
}
