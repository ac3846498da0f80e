package dev.sandkeeper.fly;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.Command;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Network;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.docker.DockerBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.simulator.fly.FlySimulator;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Execs are root's, as at Fly: commands are not. */
@Needs(Component.DOCKER)
class FlyRootTest {
    private static String ask(Sandbox sandbox, String script) {
        ExecResult result = sandbox.exec(Command.builder("sh", "-c", script)
                .deadline(Duration.ofSeconds(30))
                .build());
        return result.stdout() + result.exitCode();
    }

    @ParameterizedTest
    @ValueSource(strings = {"sandkeeper-test/busybox", "sandkeeper-test/debian-python"})
    void rootGivesItsRightsUpForEveryCommand(String image) {
        SandboxSpec real = SandboxSpec.builder()
                .image(image)
                .user("root")
                .writableRoot()
                .kernelCapability("SETUID")
                .kernelCapability("SETGID")
                .kernelCapability("CHOWN")
                .kernelCapability("KILL")
                .kernelCapability("DAC_OVERRIDE")
                .kernelCapability("SYS_PTRACE")
                .build();
        SandboxSpec spec = SandboxSpec.builder().network(Network.full()).build();
        try (SandboxBackend docker = DockerBackend.create();
                FlySimulator simulator =
                        FlySimulator.builder(docker).spec(real).execUser("root").start();
                SandboxManager manager = SandboxManager.builder()
                        .backend(FlyBackend.builder(simulator.token(), "rooted")
                                .organization(FlySimulator.ORGANIZATION)
                                .url(simulator.uri())
                                .build())
                        .store(SandboxStore.inMemory())
                        .build();
                Sandbox sandbox = manager.create(spec)) {
            assertThat(ask(sandbox, "id -u; id -G; echo $HOME")).isEqualTo("10001\n10001\n/workspace\n0");
            assertThat(ask(sandbox, "ls /tmp/.sandkeeper-fly 2>/dev/null; echo x >/root/y 2>/dev/null || echo no"))
                    .isEqualTo("no\n0");
            assertThat(ask(
                            sandbox,
                            "for p in /proc/[0-9]*; do [ \"$(stat -c %u $p 2>/dev/null)\" != 0 ]"
                                    + " || kill -9 ${p#/proc/} 2>/dev/null; done; echo done"))
                    .isEqualTo("done\n0");
            sandbox.files().write("note", "mine");
            assertThat(ask(sandbox, "stat -c %u note; cat note")).isEqualTo("10001\nmine0");
            ExecResult late = sandbox.exec(Command.builder("sh", "-c", "echo begun; sleep 600")
                    .deadline(Duration.ofSeconds(2))
                    .build());
            assertThat(late.timedOut()).isTrue();
            assertThat(late.stdout()).isEqualTo("begun\n");
            assertThat(ask(sandbox, "exec /no/such/program")).endsWith("127");
            sandbox.destroy();
        }
    }
}
