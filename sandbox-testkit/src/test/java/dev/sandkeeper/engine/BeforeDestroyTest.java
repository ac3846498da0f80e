package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.cleanup.BeforeDestroy;
import dev.sandkeeper.cleanup.ExportSink;
import dev.sandkeeper.testkit.Fault;
import dev.sandkeeper.testkit.FaultInjectingBackend;
import dev.sandkeeper.testkit.FaultPlan;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the host keeps of a sandbox before it goes. */
class BeforeDestroyTest {
    @TempDir
    Path exports;

    private final Rig rig = new Rig();

    @AfterEach
    void close() {
        rig.close();
    }

    private SandboxManager manager(BeforeDestroy plan) {
        return manager(plan, FaultPlan.create());
    }

    private SandboxManager manager(BeforeDestroy plan, FaultPlan faults) {
        return rig.manager(
                backend -> FaultInjectingBackend.of(backend, faults),
                Rig.manual().beforeDestroy(plan).build(),
                UnaryOperator.identity());
    }

    private SandboxId due(SandboxManager manager) {
        Sandbox sandbox = manager.create(
                SandboxSpec.builder().timeToLive(Duration.ofMinutes(1)).build());
        sandbox.files().write("out/result.txt", "forty-two");
        sandbox.files().write("report.md", "done");
        sandbox.files().write("scratch", "not wanted");
        rig.clock.advance(Duration.ofMinutes(1));
        return sandbox.id();
    }

    private static String events(SandboxManager manager, SandboxId id) {
        return String.join(
                " ",
                manager.find(id).orElseThrow().audit().stream()
                        .map(AuditEntry::event)
                        .toList());
    }

    @Test
    void exportsWhatIsNamedAndRecordsIt() throws IOException {
        SandboxManager manager = manager(BeforeDestroy.export("out", "report.md", "missing", "-odd")
                .to(ExportSink.directory(exports))
                .build());
        SandboxId id = due(manager);
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(exports.toFile().list()).containsExactly(id + ".tar");
        String tar = Files.readString(exports.resolve(id + ".tar"), StandardCharsets.ISO_8859_1);
        assertThat(tar).contains("out/result.txt", "forty-two", "report.md").doesNotContain("scratch");
        assertThat(events(manager, id)).isEqualTo("created expired claimed exported destroyed");
    }

    @Test
    void destroysAllTheSameWhereNothingIsToBeExportedOrItFails() {
        AtomicInteger asked = new AtomicInteger();
        SandboxManager manager = manager(BeforeDestroy.export("out")
                .to((sandbox, tar) -> {
                    if (asked.incrementAndGet() == 1) {
                        throw new IOException("the disk is full");
                    }
                    assertThat(tar.readAllBytes()).as("the end of an archive").containsOnly(0);
                })
                .build());
        SandboxId failing = due(manager);
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(events(manager, failing)).isEqualTo("created expired claimed not_exported destroyed");
        Sandbox empty = manager.create(SandboxSpec.builder().build());
        empty.destroy();
        assertThat(events(manager, empty.id())).isEqualTo("created claimed exported destroyed");
    }

    @Test
    void keepsASandboxWhoseExportFailsIfToldSoAndExportsItOnce() {
        AtomicInteger asked = new AtomicInteger();
        FaultPlan faults = FaultPlan.create();
        SandboxManager manager = manager(
                BeforeDestroy.export("out")
                        .to((sandbox, tar) -> {
                            if (asked.incrementAndGet() == 1) {
                                throw new IOException("the bucket is away");
                            }
                            tar.readAllBytes();
                        })
                        .keepOnFailure()
                        .build(),
                faults);
        SandboxId id = due(manager);
        assertThat(manager.cleanup().run().failed()).isEqualTo(1);
        assertThat(rig.provider.resources()).hasSize(1);
        assertThat(manager.find(id).orElseThrow().lastError())
                .hasValueSatisfying(error -> assertThat(error).contains("export_failed", "the bucket is away"));
        rig.clock.advance(Duration.ofMinutes(1));
        faults.next(FaultPlan.Operation.DESTROY, Fault.of(Fault.Kind.UNAVAILABLE));
        assertThat(manager.cleanup().run().failed()).isEqualTo(1);
        rig.clock.advance(Duration.ofMinutes(1));
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(asked).as("what was exported is not exported again").hasValue(2);
        assertThat(events(manager, id))
                .isEqualTo("created expired claimed failed claimed exported failed claimed destroyed");
    }

    @Test
    void aBigArchiveFailsAndLeavesNoFile() {
        SandboxManager manager = manager(BeforeDestroy.export("out")
                .to(ExportSink.directory(exports))
                .atMost(MemorySize.bytes(600))
                .build());
        SandboxId id = due(manager);
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(events(manager, id)).contains("not_exported");
        assertThat(exports.toFile().list()).isEmpty();
    }

    @Test
    void aSinkThatDoesNotReadOrDoesNotReturnStopsNothing() {
        AtomicInteger asked = new AtomicInteger();
        SandboxManager manager = manager(BeforeDestroy.export("out")
                .to((sandbox, tar) -> {
                    if (asked.incrementAndGet() == 1) {
                        return;
                    }
                    try {
                        Thread.currentThread().join();
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                })
                .timeout(Duration.ofSeconds(1))
                .build());
        SandboxId lazy = due(manager);
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(events(manager, lazy)).contains("not_exported");
        SandboxId stuck = due(manager);
        assertThat(manager.cleanup().run().cleaned()).isEqualTo(1);
        assertThat(events(manager, stuck)).contains("not_exported");
    }

    @Test
    void resumesWhatIsPausedToExportIt() {
        SandboxManager manager = manager(
                BeforeDestroy.export("out").to(ExportSink.directory(exports)).build());
        Sandbox sandbox = manager.create(SandboxSpec.builder().build());
        sandbox.files().write("out/x", "1");
        sandbox.pause();
        sandbox.destroy();
        assertThat(manager.find(sandbox.id()).orElseThrow().state()).isEqualTo(SandboxState.CLEANED);
        assertThat(exports.toFile().list()).hasSize(1);
    }

    @Test
    void refusesAPlanThatCannotBeMeant() {
        assertThatIllegalStateException()
                .isThrownBy(() -> BeforeDestroy.export("out").build())
                .withMessageContaining("ExportSink.directory");
        assertThatIllegalArgumentException().isThrownBy(() -> BeforeDestroy.export());
        assertThatIllegalArgumentException().isThrownBy(() -> BeforeDestroy.export("a", ""));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BeforeDestroy.export("a").timeout(Duration.ZERO))
                .withMessageContaining("PT0S");
    }
}
