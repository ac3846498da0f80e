package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Closing, lifetimes, and each capability in both directions: it works, or it is refused by name. */
abstract class LifetimeContract extends LifecycleContract {
    /** For subclasses. */
    LifetimeContract() {}

    @Test
    void leavesStoreSandboxesAloneWhenItIsClosed() {
        String ref = sandbox().providerRef();
        sandbox().close();
        sandbox().close();
        assertThat(first().state(ref)).isEqualTo(ProviderState.PRESENT);
        first().close();
        first().close();
        SandboxBackend other = another();
        assertThat(other.state(ref)).isEqualTo(ProviderState.PRESENT);
        try (BackendSandbox connected = other.attach(ref)) {
            assertThat(start(connected, script("echo alive"), new Output())
                            .awaitEnd()
                            .text())
                    .isEqualTo("alive\n");
        }
    }

    @Test
    void endsCommandsThatWereStartedThroughAConnectionWhichIsClosed() {
        BackendSandbox connected = another().attach(sandbox().providerRef());
        Running running =
                start(connected, script("echo ready; " + BEATING), new Output()).awaitText("ready");
        assertBeats();
        connected.close();
        running.awaitEndOrLoss();
        await().atMost(patience()).pollInSameThread().untilAsserted(this::assertSilent);
    }

    @Test
    void endsAProcessSandboxWithItsCreatorOrRefusesTheLifetime() {
        SandboxSpec spec = spec().toBuilder().lifetime(Lifetime.PROCESS).build();
        if (!first().capabilities().contains(Capability.PROCESS_LIFETIME)) {
            assertRefused(Capability.PROCESS_LIFETIME, spec);
            return;
        }
        SandboxBackend other = another();
        BackendSandbox byHandle = first().create(request(spec, Map.of()));
        other.attach(byHandle.providerRef()).close();
        assertThat(start(byHandle, script("echo alive"), new Output())
                        .awaitEnd()
                        .text())
                .isEqualTo("alive\n");
        byHandle.close();
        awaitGone(other, byHandle.providerRef());
        String byBackend = first().create(request(spec, Map.of())).providerRef();
        first().close();
        awaitGone(other, byBackend);
    }

    private void awaitGone(SandboxBackend witness, String ref) {
        await().atMost(patience()).pollInSameThread().until(() -> witness.state(ref) == ProviderState.GONE);
    }

    @Test
    void pausesAndResumesOrRefuses() {
        String ref = sandbox().providerRef();
        if (!first().capabilities().contains(Capability.PAUSE)) {
            assertMissing(Capability.PAUSE, () -> first().pause(ref));
            assertMissing(Capability.PAUSE, () -> first().resume(ref));
            return;
        }
        Running running = start(script("while [ ! -e stop ]; do echo x; sleep 0.05; done"))
                .awaitText("x");
        first().pause(ref);
        assertThat(first().state(ref)).isEqualTo(ProviderState.PAUSED);
        assertThat(another()
                        .find(
                                deployment(),
                                first().listOwned(deployment())
                                        .resources()
                                        .get(0)
                                        .sandboxId()))
                .contains(ref);
        pause(Duration.ofMillis(300));
        int printed = running.bytes().length;
        pause(Duration.ofMillis(300));
        assertThat(running.bytes()).as("what a paused command prints").hasSize(printed);
        first().resume(ref);
        assertThat(first().state(ref)).isEqualTo(ProviderState.PRESENT);
        files().write("/workspace/stop", new ByteArrayInputStream(new byte[0]), -1);
        assertThat(running.awaitEnd().exitCode()).isZero();
    }

    @Test
    void destroysAPausedSandbox() {
        if (first().capabilities().contains(Capability.PAUSE)) {
            String ref = sandbox().providerRef();
            first().pause(ref);
            first().destroy(ref);
            assertThat(first().state(ref)).isEqualTo(ProviderState.GONE);
        }
    }

    @Test
    void movesTheEndAtTheProviderOrRefuses() {
        Instant now = clock().instant();
        if (!first().capabilities().contains(Capability.PROVIDER_EXPIRY)) {
            assertMissing(
                    Capability.PROVIDER_EXPIRY, () -> first().extend(sandbox().providerRef(), now.plusSeconds(60)));
            return;
        }
        ProvisionRequest plain = request();
        String ref = first().create(new ProvisionRequest(
                        plain.deployment(),
                        plain.sandboxId(),
                        plain.createdAt(),
                        now.plusSeconds(600),
                        plain.spec(),
                        plain.environment(),
                        plain.progress()))
                .providerRef();
        assertThat(first().extend(ref, now.plusSeconds(1200))).isAfter(now);
        assertThat(first().state(ref)).isEqualTo(ProviderState.PRESENT);
    }

    @Test
    void refusesByNameWhatItLacksBeforeAnythingIsMade() {
        Map<Capability, SandboxSpec> needing = new EnumMap<>(Capability.class);
        needing.put(
                Capability.PROCESS_LIFETIME,
                spec().toBuilder().lifetime(Lifetime.PROCESS).build());
        needing.put(
                Capability.FULL_NETWORK,
                spec().toBuilder().network(Network.full()).build());
        needing.put(
                Capability.HOST_NETWORK,
                spec().toBuilder().network(Network.hostNetwork()).build());
        needing.put(
                Capability.MEMORY_LIMIT,
                spec().toBuilder().memory(MemorySize.megabytes(64)).build());
        needing.put(Capability.CPU_LIMIT, spec().toBuilder().cpus(0.5).build());
        needing.put(
                Capability.PROCESS_LIMIT, spec().toBuilder().maxProcesses(50).build());
        needing.put(
                Capability.DISK_LIMIT,
                spec().toBuilder().disk(MemorySize.megabytes(16)).build());
        needing.put(Capability.PORTS, spec().toBuilder().port(8080).build());
        needing.put(Capability.WRITABLE_ROOT, spec().toBuilder().writableRoot().build());
        needing.put(Capability.SANDBOX_USER, spec().toBuilder().user("12345").build());
        needing.put(
                Capability.KERNEL_CAPABILITIES,
                spec().toBuilder().kernelCapability("NET_RAW").build());
        needing.put(
                Capability.RUNTIME,
                spec().toBuilder().runtime("sandkeeper-contract").build());
        needing.put(
                Capability.HOST_MOUNTS,
                spec().toBuilder()
                        .readOnlyHostMount(Path.of("/").toAbsolutePath(), "/mnt/host")
                        .build());
        needing.forEach((capability, spec) -> {
            if (!first().capabilities().contains(capability)) {
                assertRefused(capability, spec);
            } else {
                assertThatCode(() -> validateQuietly(spec)).as("%s", capability).doesNotThrowAnyException();
            }
        });
    }

    /** A backend that has a capability may still dislike this very value. */
    private void validateQuietly(SandboxSpec spec) {
        try {
            first().validate(spec);
        } catch (SpecInvalidException e) {
            assertThat(e.remedy()).isPresent();
        }
    }

    private void assertRefused(Capability capability, SandboxSpec spec) {
        assertMissing(capability, () -> first().validate(spec));
    }

    static void assertMissing(Capability capability, ThrowingCallable call) {
        assertThatThrownBy(call)
                .as("%s is not among the capabilities", capability)
                .isInstanceOfSatisfying(CapabilityMissingException.class, e -> {
                    assertThat(e.capability()).isEqualTo(capability);
                    assertThat(e.remedy()).isPresent();
                });
    }

    @Test
    void keepsTheLimitOnTheDiskIfItHasOne() {
        if (first().capabilities().contains(Capability.DISK_LIMIT)) {
            SandboxSpec small = spec().toBuilder().disk(MemorySize.megabytes(8)).build();
            BackendSandbox sandbox = first().create(request(small, Map.of()));
            Running running = start(sandbox, script("head -c 20000000 /dev/zero > big; echo $?"), new Output())
                    .awaitEnd();
            assertThat(running.text()).as(running.toString()).isNotEqualTo("0\n");
        }
    }

    @Test
    void runsACommandAsAnotherUserOrRefuses() {
        var plain = command("id", "-u");
        var asOther = new ProcessRequest(plain.arguments(), Map.of(), plain.workingDirectory(), "12345", false, null);
        if (first().capabilities().contains(Capability.COMMAND_USER)) {
            assertThat(run(asOther).text()).isEqualTo("12345\n");
        } else {
            assertMissing(Capability.COMMAND_USER, () -> run(asOther));
        }
    }

    @Test
    void refusesASpecThatBreaksARuleOfItsProvider() {
        invalidSpec().ifPresent(spec -> {
            assertThatThrownBy(() -> first().validate(spec)).isInstanceOf(SpecInvalidException.class);
        });
    }
}
