package dev.sandkeeper.fly;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.Command;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.fly.FlySimulator;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a command costs in the Machine that runs only a moment, and that its output comes as it was whatever way it takes. */
@Needs(Component.BUBBLEWRAP)
class ShortCommandTest {
    private static final int ROUNDS = 12;
    /** Those of the backend below the simulator among them. */
    private static final int PROCESSES = 20;

    @TempDir
    Path directory;

    private final Queue<SimulatorTraffic> traffic = new ConcurrentLinkedQueue<>();
    private SandboxBackend local;
    private FlySimulator simulator;
    private SandboxManager manager;
    private Sandbox sandbox;

    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else
    ShortCommandTest() {}

    @BeforeEach
    void start() {
        local = LocalBackend.builder()
                .stateDirectory(directory.resolve("state"))
                .build();
        simulator = FlySimulator.builder(local).traffic(traffic::add).start();
        manager = SandboxManager.builder()
                .backend(FlyBackend.builder(simulator.token(), "short")
                        .organization(FlySimulator.ORGANIZATION)
                        .url(simulator.uri())
                        .build())
                .store(SandboxStore.inMemory())
                .build();
        sandbox = manager.create(FlyBackendTest.spec());
    }

    @AfterEach
    void stop() {
        sandbox.destroy();
        manager.close();
        simulator.close();
        local.close();
    }

    @Test
    void takesFewProcesses() {
        long least = Long.MAX_VALUE;
        long before = lastProcess();
        for (int i = 0; i < ROUNDS; i++) {
            long after = lastProcess();
            least = Math.min(least, after - before);
            before = after;
        }
        assertThat(least).isBetween(1L, (long) PROCESSES);
    }

    private long lastProcess() {
        ExecResult result = sandbox.exec("sh", "-c", "read a b c d last </proc/loadavg; echo $last");
        return Long.parseLong(result.orThrow().stdout().strip());
    }

    @Test
    void printsExactlyWhatItPrints() {
        List<byte[]> outputs = new ArrayList<>();
        for (int value = 0; value < 256; value++) {
            outputs.add(new byte[] {'a', (byte) value, 'b', (byte) value});
        }
        for (String text : List.of(
                "",
                "\n",
                "\n\n\n",
                " \n ",
                ".",
                "..\n",
                "~",
                "-n",
                "\\n%s\\0",
                "plain\n",
                "0 3 plain\nabc.",
                "Unhandled rejection: Rejection([PayloadTooLarge])",
                "caf\u00e9\n")) {
            outputs.add(text.getBytes(StandardCharsets.UTF_8));
        }
        for (int length = 995; length < 1030; length += 2) {
            outputs.add("x".repeat(length).getBytes(StandardCharsets.UTF_8));
        }
        byte[] random = new byte[700];
        new Random(7).nextBytes(random);
        outputs.add(random);
        outputs.parallelStream().forEach(this::assertPrinted);
    }

    private void assertPrinted(byte[] bytes) {
        ExecResult result = sandbox.exec(Command.builder("sh", "-c", "tee /proc/self/fd/2")
                        .stdin(bytes)
                        .build())
                .orThrow();
        assertThat(result.stdoutCapture().bytes()).isEqualTo(bytes);
        assertThat(result.stderrCapture().bytes()).isEqualTo(bytes);
    }

    @Test
    void isReadAsItIsWhateverItsLength() {
        for (int length : new int[] {1, 900, 1900, 2000, 2100, 9000, 12_000}) {
            String argument = "'\\%\"$`\n\t\u00e9 ".repeat(length / 10 + 1);
            assertThat(sandbox.exec("printf", "%s", argument).orThrow().stdout())
                    .isEqualTo(argument);
        }
    }

    @Test
    void ofTheEndIsToldWithTheStart() {
        traffic.clear();
        int attempts = 0;
        do {
            traffic.clear();
            assertThat(sandbox.exec("echo", "done").stdout()).isEqualTo("done\n");
        } while (traffic.size() > 1 && ++attempts < ROUNDS);
        assertThat(traffic).hasSize(1);
        assertThat(traffic.element().answerText()).contains("plain\\ndone\\n");
    }
}
