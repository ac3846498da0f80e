package dev.sandkeeper.fly;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;
import dev.sandkeeper.testkit.simulator.fly.FlySimulator;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.SecretWatch;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

@Tag("long")
@Needs(Component.BUBBLEWRAP)
class FlyContractTest extends SandboxBackendContract {
    @TempDir
    static Path directory;

    private static final Optional<MachinesDescription> DESCRIPTION = MachinesDescription.find();
    private static SandboxBackend local;
    private static FlySimulator simulator;
    private static SecretWatch watch;

    @BeforeAll
    static void start() {
        local = LocalBackend.builder()
                .stateDirectory(directory.resolve("state"))
                .build();
        FlySimulator.Builder builder = FlySimulator.builder(local);
        DESCRIPTION.ifPresent(builder::traffic);
        simulator = builder.start();
        watch = SecretWatch.of(simulator.token());
    }

    @AfterAll
    static void stop() {
        watch.close();
        simulator.close();
        local.close();
        watch.assertNowhere();
        assertThat(simulator.unknownFields()).isEmpty();
        DESCRIPTION.ifPresent(
                description -> assertThat(description.violations()).isEmpty());
    }

    @Override
    protected SandboxBackend backend() {
        SandboxBackend backend = FlyBackend.builder(simulator.token(), "contract")
                .organization(FlySimulator.ORGANIZATION)
                .url(simulator.uri())
                .build();
        return watch.over(SandboxBackend.class, backend);
    }

    @Override
    protected boolean isOfProvider(String thread) {
        return super.isOfProvider(thread) || thread.startsWith("sandkeeper-local");
    }

    @Override
    protected SandboxSpec spec() {
        return SandboxSpec.builder().network(Network.full()).build();
    }

    @Override
    protected Optional<SandboxSpec> invalidSpec() {
        return Optional.of(spec().toBuilder().cpus(3).build());
    }

    @Override
    protected boolean leaveHalfMade(ProvisionRequest request) {
        HalfMade.leave(simulator, "contract", request);
        return true;
    }
}
