package dev.sandkeeper.conformance;

import dev.sandkeeper.docker.DockerBackend;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.SandboxBackend;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The backends that can stand behind a simulator. */
final class Backings {
    static final Set<String> NAMES = Set.of("docker", "local");

    private Backings() {}

    /**
     * Makes one.
     *
     * @param name one of {@link #NAMES}
     * @param image of Docker's sandboxes; null for that backend's default
     * @param state directory of local sandboxes
     */
    static SandboxBackend of(String name, @Nullable String image, Path state) {
        if (name.equals("local")) {
            return LocalBackend.builder().stateDirectory(state).build();
        }
        DockerBackend.Builder builder = DockerBackend.builder();
        if (image != null) {
            builder.defaultImage(image);
        }
        return builder.build();
    }
}
