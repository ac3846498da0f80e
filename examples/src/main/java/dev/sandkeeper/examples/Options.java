package dev.sandkeeper.examples;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.docker.DockerBackend;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.SandboxBackend;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What the examples take from their command line.
 *
 * @param backend {@code local} or {@code docker}
 * @param image what the sandbox is made of, or null for the backend's default
 */
record Options(String backend, @Nullable String image) {
    static final String USAGE = "[--backend local|docker] [--image NAME]";

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException if it is not as {@link #USAGE} says
     */
    static Options parse(String... arguments) {
        String backend = "local";
        String image = null;
        for (int i = 0; i < arguments.length; i += 2) {
            if (i + 1 == arguments.length) {
                throw new IllegalArgumentException(arguments[i] + " lacks its value, or is not an option");
            }
            String value = arguments[i + 1];
            switch (arguments[i]) {
                case "--backend" -> backend = value;
                case "--image" -> image = value;
                default -> throw new IllegalArgumentException("there is no option " + arguments[i]);
            }
        }
        if (!backend.equals("local") && !backend.equals("docker")) {
            throw new IllegalArgumentException("there is no backend \"" + backend + "\" here: local or docker");
        }
        return new Options(backend, image);
    }

    /**
     * Makes the backend.
     *
     * @param directory where a backend that keeps sandboxes on this host puts them
     */
    SandboxBackend open(Path directory) {
        return backend.equals("docker")
                ? DockerBackend.create()
                : LocalBackend.builder().stateDirectory(directory).build();
    }

    /** A spec that has the image. */
    SandboxSpec.Builder spec() {
        return SandboxSpec.builder().image(image);
    }

    /**
     * Makes somebody who can tell what is there without asking Sandkeeper.
     *
     * @param directory as for {@link #open}
     * @param deployment whose resources to look for
     */
    Witness witness(Path directory, String deployment) {
        return backend.equals("docker") ? new DockerWitness(deployment) : new LocalWitness(directory, deployment);
    }
}
