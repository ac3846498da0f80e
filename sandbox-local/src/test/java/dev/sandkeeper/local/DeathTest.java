package dev.sandkeeper.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProviderState;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the end of a JVM, or of a thread, does to sandboxes and commands. */
class DeathTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    Path directory;

    private Rig rig;

    @BeforeEach
    void open() {
        rig = new Rig(directory.resolve("state"));
    }

    @AfterEach
    void leavesNothing() throws IOException {
        rig.close();
    }

    private static String size(BackendSandbox sandbox, String file) {
        return Rig.shell(sandbox, "stat -c %s " + file).text().strip();
    }

    private static void awaitSilence(BackendSandbox sandbox, String file, Duration within) {
        AtomicReference<String> before = new AtomicReference<>("");
        await().atMost(within.plus(PATIENCE))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> size(sandbox, file).equals(before.getAndSet(size(sandbox, file))));
    }

    @Test
    void anotherJvmGoesOnWithASandboxWhoseJvmWasKilledAndItsCommandsEnd() throws Exception {
        try (HostProcess host = HostProcess.start(rig.directory(), "store")) {
            String ref = host.line();
            assertThat(host.line()).isEqualTo("running");
            host.kill();
            assertThat(rig.backend().state(ref)).isEqualTo(ProviderState.PRESENT);
            try (BackendSandbox sandbox = rig.backend().attach(ref)) {
                assertThat(Rig.shell(sandbox, "cat f").text()).isEqualTo("from the first\n");
                awaitSilence(sandbox, "beat", Duration.ofSeconds(10));
                awaitSilence(sandbox, "late", Duration.ofSeconds(10));
            }
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(Rig.entries(rig.directory()))
                            .as("the dead JVM's records")
                            .noneMatch(path -> path.toString().contains(".jvm-" + host.pid() + "-")));
        }
    }

    @Test
    void commandsOfAKilledJvmEndAlthoughItsWardenWasKilledToo() throws Exception {
        try (HostProcess host = HostProcess.start(rig.directory(), "store")) {
            String ref = host.line();
            assertThat(host.line()).isEqualTo("running");
            List<ProcessIdentity> wardens = Proc.withArgument("sandkeeper-warden").stream()
                    .filter(process -> Proc.withArgument(recordsOf(host)).contains(process))
                    .toList();
            assertThat(wardens).hasSize(1);
            wardens.forEach(ProcessIdentity::kill);
            host.kill();
            try (LocalBackend next = rig.another();
                    BackendSandbox sandbox = next.attach(ref)) {
                awaitSilence(sandbox, "beat", Duration.ofSeconds(10));
                awaitSilence(sandbox, "late", Duration.ofSeconds(10));
            }
        }
    }

    private String recordsOf(HostProcess host) {
        try {
            return Rig.entries(rig.directory()).stream()
                    .map(Path::toString)
                    .filter(path -> path.contains(".jvm-" + host.pid() + "-"))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aProcessSandboxIsGoneWithinTwoSecondsOfItsJvm() throws Exception {
        try (HostProcess host = HostProcess.start(rig.directory(), "process")) {
            String ref = host.line();
            assertThat(host.line()).isEqualTo("running");
            assertThat(rig.holders(ref)).isNotEmpty();
            host.kill();
            await().atMost(Duration.ofSeconds(2))
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> rig.holders(ref).isEmpty());
            assertThat(rig.backend().state(ref)).isEqualTo(ProviderState.GONE);
            assertThat(rig.backend().listOwned(Rig.DEPLOYMENT).resources()).hasSize(1);
        }
    }

    @Test
    void aProcessSandboxDoesNotEndWithTheThreadThatStartedIt() throws Exception {
        SandboxSpec spec = SandboxSpec.builder().lifetime(Lifetime.PROCESS).build();
        for (String kind : List.of("platform", "virtual")) {
            AtomicReference<BackendSandbox> made = new AtomicReference<>();
            Thread thread = thread(kind, () -> {
                BackendSandbox sandbox = rig.create(spec);
                sandbox.start(Rig.script("while :; do echo x >> beat; sleep 0.1; done"));
                made.set(sandbox);
            });
            thread.start();
            thread.join();
            BackendSandbox sandbox = made.get();
            await().during(Duration.ofSeconds(2))
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> rig.backend().state(sandbox.providerRef()) == ProviderState.PRESENT);
            String before = size(sandbox, "beat");
            await().atMost(PATIENCE).until(() -> !size(sandbox, "beat").equals(before));
            sandbox.close();
            await().atMost(PATIENCE).until(() -> rig.backend().state(sandbox.providerRef()) == ProviderState.GONE);
        }
    }

    /** A virtual one where this JVM has them. */
    private static Thread thread(String kind, Runnable task) throws ReflectiveOperationException {
        if (kind.equals("virtual") && Runtime.version().feature() >= 21) {
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            Method unstarted = Class.forName("java.lang.Thread$Builder").getMethod("unstarted", Runnable.class);
            return (Thread) unstarted.invoke(builder, task);
        }
        return new Thread(task);
    }

    @Test
    void whatLacksADirectoryIsFoundAndDestroyed() throws IOException {
        String ref = rig.create().providerRef();
        TreeRemoval.remove(rig.directory().resolve(ref));
        assertThat(rig.holders(ref)).isNotEmpty();
        assertThat(rig.backend().state(ref)).isEqualTo(ProviderState.GONE);
        assertThat(rig.backend().listOwned(Rig.DEPLOYMENT).resources())
                .extracting(resource -> resource.providerRef())
                .containsExactly(ref);
        rig.backend().destroy(ref);
        assertThat(rig.holders(ref)).isEmpty();
    }

    @Test
    void aSandboxOfAnEarlierStartOfTheHostIsGoneAndIsRemoved() throws IOException {
        String ref = rig.create().providerRef();
        SandboxRef parsed = SandboxRef.parse(ref).orElseThrow();
        StateDirectory state = new StateDirectory(rig.directory());
        Description now = state.description(parsed);
        assertThat(now).isNotNull();
        state.describe(parsed, Description.parse(now.format().replace(now.boot(), "another-boot")));
        assertThat(rig.backend().state(ref)).isEqualTo(ProviderState.GONE);
        assertThat(Rig.code(() -> rig.backend().attach(ref))).isEqualTo("sandbox_gone");
    }

    @Test
    void anotherDeploymentAndAnotherStateDirectoryAreLeftAlone() throws IOException {
        try (Rig other = new Rig(directory.resolve("other"))) {
            BackendSandbox ours = rig.create();
            BackendSandbox theirs = other.create();
            assertThat(rig.backend().listOwned("other").resources()).isEmpty();
            rig.backend().destroy(theirs.providerRef());
            rig.backend().destroy(ours.providerRef());
            assertThat(Rig.shell(theirs, "echo alive").text()).isEqualTo("alive\n");
        }
    }
}
