package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.Command;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.cleanup.BeforeDestroy;
import dev.sandkeeper.cleanup.CleanupReport;
import dev.sandkeeper.cleanup.CleanupRequest;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.cleanup.ExportSink;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a host keeps of a sandbox at its end, as tests for any backend: programs end by themselves, what they leave is exported,
 * and then the sandbox is destroyed. A backend's author extends this class and overrides none of the tests.
 */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
public abstract class KeepingContract {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final String SAVING =
            "trap 'echo saved > out/result; exit' TERM; mkdir -p out/sub; echo x > out/sub/x;"
                    + " echo ready > out/result; while :; do sleep 0.1; done";

    private final String deployment = "keeping-" + UUID.randomUUID().toString().substring(0, 8);

    @TempDir
    Path directory;

    /** For subclasses. */
    protected KeepingContract() {}

    /**
     * Makes a backend. Called again it makes another one over the same provider, as another JVM would.
     *
     * @return a new backend with {@link dev.sandkeeper.spi.Capability#BACKGROUND}
     */
    protected abstract SandboxBackend backend();

    /**
     * What the sandboxes are made from.
     *
     * @return default {@code SandboxSpec.builder().build()}
     */
    protected SandboxSpec spec() {
        return SandboxSpec.builder().build();
    }

    private SandboxManager manager(BeforeDestroy plan) {
        return SandboxManager.builder()
                .backend(backend())
                .store(SandboxStore.builder()
                        .embedded(directory.resolve("store"))
                        .deployment(deployment)
                        .open())
                .cleanup(CleanupSettings.builder()
                        .manual()
                        .terminationGrace(PATIENCE)
                        .beforeDestroy(plan)
                        .build())
                .build();
    }

    private static CleanupReport end(SandboxManager manager, SandboxId id) {
        return manager.cleanup()
                .run(CleanupRequest.builder().ids(List.of(id)).force().build());
    }

    private static List<String> events(SandboxManager manager, SandboxId id) {
        return manager.find(id).orElseThrow().audit().stream()
                .map(AuditEntry::event)
                .toList();
    }

    private static boolean isReady(Sandbox sandbox) {
        return sandbox.files().exists("out/result");
    }

    @Test
    final void keepsWhatProgramsHaveSavedAtTheirEndAlsoOfAnotherJvm() throws IOException {
        Path exports = directory.resolve("exports");
        Files.createDirectory(exports);
        BeforeDestroy plan = BeforeDestroy.export("out", "missing")
                .to(ExportSink.directory(exports))
                .build();
        SandboxId id;
        try (SandboxManager manager = manager(plan)) {
            Sandbox sandbox = manager.create(spec());
            id = sandbox.detach().id();
            sandbox.startInBackground("program", Command.of("sh", "-c", SAVING));
            await().atMost(PATIENCE).until(() -> isReady(sandbox));
        }
        try (SandboxManager manager = manager(plan)) {
            String ref = manager.find(id).orElseThrow().providerRef().orElseThrow();
            CleanupReport report = end(manager, id);
            assertThat(report.cleaned()).as(report.toJson()).isEqualTo(1);
            assertThat(events(manager, id)).endsWith("claimed", "terminated", "exported", "destroyed");
            try (SandboxBackend witness = backend()) {
                assertThat(witness.state(ref)).isEqualTo(ProviderState.GONE);
            }
        }
        assertThat(Files.readString(exports.resolve(id + ".tar"), StandardCharsets.ISO_8859_1))
                .contains("out/result", "saved", "out/sub/x")
                .doesNotContain("ready");
    }

    @Test
    final void aSandboxWhoseFilesCannotBeKeptStaysIfToldSo() {
        AtomicBoolean away = new AtomicBoolean(true);
        BeforeDestroy plan = BeforeDestroy.export("out")
                .to((sandbox, tar) -> {
                    if (away.get()) {
                        throw new IOException("the bucket is away");
                    }
                    assertThat(new String(tar.readAllBytes(), StandardCharsets.ISO_8859_1))
                            .contains("precious");
                })
                .keepOnFailure()
                .build();
        try (SandboxManager manager = manager(plan)) {
            Sandbox sandbox = manager.create(spec());
            SandboxId id = sandbox.detach().id();
            sandbox.files().write("out/result", "precious");
            assertThat(end(manager, id).failed()).isEqualTo(1);
            try (SandboxBackend witness = backend()) {
                String ref = manager.find(id).orElseThrow().providerRef().orElseThrow();
                assertThat(witness.state(ref)).isEqualTo(ProviderState.PRESENT);
            }
            away.set(false);
            assertThat(end(manager, id).cleaned()).isEqualTo(1);
            assertThat(events(manager, id)).endsWith("failed", "claimed", "exported", "destroyed");
        }
    }
}
