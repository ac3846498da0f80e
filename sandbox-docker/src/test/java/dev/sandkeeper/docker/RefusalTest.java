package dev.sandkeeper.docker;

import static dev.sandkeeper.docker.Sandboxes.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class RefusalTest {
    @RegisterExtension
    final Sandboxes sandboxes = new Sandboxes();

    private void assertRejected(String code, SandboxSpec spec, String... words) {
        assertThatThrownBy(() -> sandboxes.create(spec)).isInstanceOfSatisfying(BackendRejectedException.class, e -> {
            assertThat(e.code()).isEqualTo(code);
            assertThat(e.remedy()).isPresent();
            assertThat(e.getMessage()).contains(words);
        });
        sandboxes.assertNothingLeft();
    }

    private void assertInvalid(SandboxSpec spec, String... words) {
        assertThatThrownBy(() -> sandboxes.backend().validate(spec))
                .isInstanceOfSatisfying(SpecInvalidException.class, e -> {
                    assertThat(e.remedy()).isPresent();
                    assertThat(e.getMessage()).contains(words);
                });
    }

    @Test
    void namesAnImageThatNobodyHasAndTellsThatItTriedToFetchIt() {
        String image = "localhost:1/sandkeeper/no-such-image:7";
        List<String> progress = new ArrayList<>();
        ProvisionRequest plain =
                sandboxes.request(SandboxSpec.builder().image(image).build());
        ProvisionRequest request = new ProvisionRequest(
                plain.deployment(), plain.sandboxId(), plain.createdAt(), null, plain.spec(), Map.of(), progress::add);
        assertThatThrownBy(() -> sandboxes.backend().create(request))
                .isInstanceOfSatisfying(BackendRejectedException.class, e -> {
                    assertThat(e.code()).isEqualTo("image_pull_failed");
                    assertThat(e.getMessage()).contains(image);
                    assertThat(e.remedy()).isPresent();
                });
        assertThat(progress).containsExactly("fetching image " + image);
        sandboxes.assertNothingLeft();
    }

    @Test
    void namesAnImageIdThatTheEngineDoesNotHave() {
        assertRejected(
                "image_not_found",
                SandboxSpec.builder().image("sha256:" + "0123".repeat(16)).build(),
                "sha256:0123");
    }

    @Test
    void saysThatAnImageHasNoShell() {
        String image = "sandkeeper-test/without-shell:" + sandboxes.deployment();
        sandboxes.engine().importImage(image, "cat", "sleep");
        try {
            assertRejected(
                    "image_without_shell", SandboxSpec.builder().image(image).build(), "sh");
        } finally {
            sandboxes.engine().removeImage(image);
        }
    }

    @Test
    void failsClosedWithoutTheRuntimeThatIsDemanded() {
        assertRejected(
                "runtime_missing",
                SandboxSpec.builder().runtime("sandkeeper-none").build(),
                "sandkeeper-none");
    }

    @Test
    void refusesAnIdThatExistsAndLeavesThatSandboxAlone() {
        ProvisionRequest request = sandboxes.request(SandboxSpec.builder().build());
        BackendSandbox first = sandboxes.backend().create(request);
        assertThatThrownBy(() -> sandboxes.backend().create(request))
                .isInstanceOfSatisfying(
                        BackendRejectedException.class,
                        e -> assertThat(e.code()).isEqualTo("sandbox_exists"));
        assertThat(sh(first, "echo alive").out()).isEqualTo("alive\n");
    }

    @Test
    void namesFieldAndRuleOfASpecThatCannotBe() {
        assertInvalid(SandboxSpec.builder().memory(MemorySize.megabytes(5)).build(), "memory", "5 MB", "6 MB");
        assertInvalid(
                SandboxSpec.builder()
                        .memory(MemorySize.megabytes(64))
                        .disk(MemorySize.megabytes(65))
                        .build(),
                "disk",
                "65 MB");
        assertInvalid(SandboxSpec.builder().maxProcesses(5).build(), "maxProcesses", "5");
        assertInvalid(SandboxSpec.builder().maxOpenFiles(15).build(), "maxOpenFiles", "15", "16");
        assertInvalid(SandboxSpec.builder().disk(MemorySize.bytes(1)).build(), "disk", "1 B", "64 KB");
        assertInvalid(SandboxSpec.builder().tmpSize(MemorySize.kilobytes(63)).build(), "tmpSize", "63 KB", "64 KB");
        assertInvalid(SandboxSpec.builder().image("No/Upper Case").build(), "image", "No/Upper Case");
        assertInvalid(SandboxSpec.builder().image("--privileged").build(), "image");
        assertInvalid(SandboxSpec.builder().user("a b").build(), "user", "a b");
        assertInvalid(SandboxSpec.builder().environment("a.b", "secret-value").build(), "environment", "a.b");
        assertInvalid(SandboxSpec.builder().kernelCapability("NET_RAW").build(), "NET_RAW", "root");
        assertInvalid(
                SandboxSpec.builder().user("root").kernelCapability("NONE_SUCH").build(), "NONE_SUCH");
    }

    @Test
    void keepsTheEnginesSocketOutWhateverTheWay(@TempDir Path directory) throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("innocent"), Path.of("/var/run"));
        for (String source : List.of("/", "/var/run", "/run", "/var/run/docker.sock", link.toString())) {
            assertInvalid(
                    SandboxSpec.builder()
                            .readOnlyHostMount(Path.of(source), "/mnt/host")
                            .build(),
                    "hostMounts",
                    "socket");
        }
        assertInvalid(
                SandboxSpec.builder()
                        .readOnlyHostMount(directory.resolve("missing"), "/mnt/host")
                        .build(),
                "missing");
        assertInvalid(
                SandboxSpec.builder()
                        .readOnlyHostMount(directory, "/workspace/")
                        .build(),
                "/workspace");
    }

    @Test
    void mountsWhatTheApplicationNames(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("given"), "to read");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        BackendSandbox sandbox = sandboxes.create(
                SandboxSpec.builder().readOnlyHostMount(directory, "/mnt/given").build());
        assertThat(sh(sandbox, "cat /mnt/given/given").out()).isEqualTo("to read");
        assertThat(sh(sandbox, "touch /mnt/given/x").code()).isNotZero();
    }

    @Test
    void namesAUserThatTheImageDoesNotHave() {
        BackendSandbox sandbox = sandboxes.create();
        ProcessRequest request =
                new ProcessRequest(List.of("true"), Map.of(), "/workspace", "no-such-user", false, null);
        assertThatThrownBy(() -> Sandboxes.run(sandbox, request))
                .isInstanceOfSatisfying(
                        CommandNotStartableException.class,
                        e -> assertThat(e.code()).isEqualTo("user_unknown"));
        assertThatThrownBy(() -> sandboxes.create(
                        SandboxSpec.builder().user("no-such-user").build()))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("no-such-user");
    }

    @Test
    void tellsAProgramWhoseInterpreterIsMissingFromOneThatExitsWith127() {
        BackendSandbox sandbox = sandboxes.create();
        sh(sandbox, "printf '#!/no/such/interpreter\\n' > bad; chmod +x bad");
        assertThatThrownBy(() -> Sandboxes.run(sandbox, Sandboxes.command("./bad")))
                .isInstanceOfSatisfying(CommandNotStartableException.class, e -> {
                    assertThat(e.code()).isEqualTo("command_not_found");
                    assertThat(e.getMessage()).contains("./bad");
                });
        assertThat(sh(sandbox, "./bad").code()).isEqualTo(127);
    }

    @Test
    void refusesCommandsOfAPausedSandboxAndRunsThemAfterwards() {
        BackendSandbox sandbox = sandboxes.create();
        sandboxes.backend().pause(sandbox.providerRef());
        assertThatThrownBy(() -> sh(sandbox, "true"))
                .isInstanceOfSatisfying(
                        BackendRejectedException.class,
                        e -> assertThat(e.code()).isEqualTo("sandbox_paused"));
        sandboxes.backend().resume(sandbox.providerRef());
        assertThat(sh(sandbox, "echo again").out()).isEqualTo("again\n");
    }

    @Test
    void saysThatASandboxIsGoneWhoeverEndedIt() {
        BackendSandbox sandbox = sandboxes.create();
        sandboxes
                .engine()
                .ask(client -> client.killContainerCmd(sandbox.providerRef()).exec());
        assertThatThrownBy(() -> sh(sandbox, "true")).isInstanceOf(SandboxGoneException.class);
        assertThatThrownBy(() -> sandboxes.backend().attach(sandbox.providerRef()))
                .isInstanceOf(SandboxGoneException.class);
    }

    @Test
    void neverSendsAnythingButANameToTheEngine() {
        for (String odd : List.of("../images/x", "a/b", "a?force=1", "", "x y", "-x")) {
            assertThatThrownBy(() -> sandboxes.backend().destroy(odd))
                    .isInstanceOfSatisfying(
                            BackendRejectedException.class,
                            e -> assertThat(e.code()).isEqualTo("provider_ref_invalid"));
        }
    }
}
