package dev.sandkeeper.benchmarks;

import java.util.ArrayList;
import java.util.List;
import org.testcontainers.containers.Container;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

/** Testcontainers, with what its containers have by default. */
final class TestcontainersPeer implements Peer {
    static final String NAME = "Testcontainers";

    private final List<GenericContainer<?>> containers = new ArrayList<>();

    TestcontainersPeer(String image, int count, String run) {
        for (int i = 0; i < count; i++) {
            containers.add(start(image, run));
        }
    }

    /** Its default wait is for ports, of which there are none. */
    @SuppressWarnings("resource") // the caller's
    static GenericContainer<?> start(String image, String run) {
        GenericContainer<?> container = new GenericContainer<>(DockerImageName.parse(image))
                .withCommand("sleep", "2147483647")
                .withLabel("dev.sandkeeper.benchmark", run);
        container.start();
        return container;
    }

    static Ran exec(GenericContainer<?> container, String... arguments) throws Exception {
        Container.ExecResult result = container.execInContainer(arguments);
        return new Ran(result.getExitCode(), result.getStdout(), result.getStderr());
    }

    GenericContainer<?> first() {
        return containers.get(0);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Ran exec(int container, String... arguments) throws Exception {
        return exec(containers.get(container % containers.size()), arguments);
    }

    @Override
    public void close() {
        containers.forEach(GenericContainer::stop);
    }
}
