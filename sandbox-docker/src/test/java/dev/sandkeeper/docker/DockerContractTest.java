package dev.sandkeeper.docker;

import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.util.List;
import java.util.Optional;

@Needs(Component.DOCKER)
class DockerContractTest extends SandboxBackendContract {
    @Override
    protected SandboxBackend backend() {
        return TestEngine.backend();
    }

    @Override
    protected Optional<SandboxSpec> invalidSpec() {
        return Optional.of(SandboxSpec.builder().memory(MemorySize.megabytes(5)).build());
    }

    @Override
    protected boolean leaveHalfMade(ProvisionRequest request) {
        try (TestEngine test = new TestEngine()) {
            Identity identity = new Identity(request.deployment(), request.sandboxId());
            ContainerPlan plan = new ContainerPlan(request, identity, TestEngine.defaults(), List.of());
            test.ask(client -> plan.command(client).exec());
        }
        return true;
    }
}
