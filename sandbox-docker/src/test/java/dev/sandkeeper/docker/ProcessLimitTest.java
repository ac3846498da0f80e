package dev.sandkeeper.docker;

import static dev.sandkeeper.docker.Sandboxes.command;
import static dev.sandkeeper.docker.Sandboxes.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is told of commands in a sandbox that has as many processes as it may. */
@Timeout(300)
class ProcessLimitTest {
    private static final String DEBIAN = "sandkeeper-test/debian-python";

    @RegisterExtension
    final Sandboxes sandboxes = new Sandboxes();

    private static ProcessRequest fresh(String... arguments) {
        return new ProcessRequest(List.of(arguments), Map.of(), "/workspace", null, false, null, true);
    }

    private static ProcessRequest terminal() {
        return new ProcessRequest(
                List.of("true"), Map.of(), "/workspace", null, false, null, false, new TerminalSize(80, 24));
    }

    private BackendSandbox create(String image, int processes) {
        return sandboxes.create(
                SandboxSpec.builder().image(image).maxProcesses(processes).build());
    }

    /** Leaves so many sleepers behind. */
    private static void fill(BackendSandbox sandbox, int count) {
        sh(
                sandbox,
                "i=0; while [ $i -lt " + count
                        + " ]; do i=$((i + 1)); sleep 1000 >/dev/null 2>&1 </dev/null & done; exit 0");
    }

    /** Tries every way of running a command: each either works or says what is the matter. */
    private int refusals(BackendSandbox sandbox) {
        List<Runnable> ways = List.of(
                () -> sh(sandbox, "true"),
                () -> Sandboxes.run(sandbox, fresh("true")),
                () -> Sandboxes.run(sandbox, command(Duration.ofSeconds(30), "true")),
                () -> Sandboxes.run(sandbox, terminal()),
                () -> {
                    try (BackendSandbox other = sandboxes.backend().attach(sandbox.providerRef())) {
                        sh(other, "true");
                    }
                });
        int refused = 0;
        for (Runnable way : ways) {
            try {
                way.run();
            } catch (SandboxException e) {
                assertClear(e);
                refused++;
            }
        }
        return refused;
    }

    private static void assertClear(SandboxException e) {
        assertThat(e).as(e.getMessage()).isInstanceOf(BackendUnavailableException.class);
        assertThat(e.code()).as(e.getMessage()).isEqualTo("process_limit_reached");
        assertThat(e.remedy())
                .hasValueSatisfying(remedy ->
                        assertThat(remedy).contains("raise maxProcesses", "End the command", "destroy the sandbox"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"sandkeeper-test/busybox", DEBIAN})
    void saysThatCommandsHaveLeftNoRoom(String image) {
        int refused = 0;
        for (int free = 0; free < 8; free += 2) {
            BackendSandbox sandbox = create(image, 60);
            fill(sandbox, 55 - free);
            refused += refusals(sandbox) + refusals(sandbox);
            sandboxes.backend().destroy(sandbox.providerRef());
        }
        assertThat(refused).isGreaterThan(8);
    }

    @Test
    void saysThatAForkBombHasLeftNoRoom() throws Exception {
        BackendSandbox sandbox = create(DEBIAN, 100);
        CompletableFuture<SandboxException> bomb = CompletableFuture.supplyAsync(() -> {
            try {
                sh(sandbox, "exec perl -e 'while (1) { fork }'");
                throw new AssertionError("a fork bomb ended by itself");
            } catch (SandboxException e) {
                return e;
            }
        });
        List<SandboxException> failures = new ArrayList<>();
        await().atMost(Duration.ofMinutes(2)).until(() -> {
            try {
                Sandboxes.run(sandbox, failures.size() % 2 == 0 ? fresh("true") : command("true"));
            } catch (SandboxException e) {
                failures.add(e);
            }
            return failures.size() == 4;
        });
        sandboxes.backend().destroy(sandbox.providerRef());
        assertThat(bomb.get(60, TimeUnit.SECONDS).code()).isEqualTo("sandbox_gone");
        failures.forEach(ProcessLimitTest::assertClear);
    }

    @Test
    void tellsAShellThatCannotForkFromAProgramThatCannot() {
        BackendSandbox sandbox = create(DEBIAN, 60);
        fill(sandbox, 44);
        Sandboxes.Ran ran =
                sh(sandbox, "i=0; while [ $i -lt 60 ]; do i=$((i + 1)); sleep 2 >/dev/null 2>&1 </dev/null & done");
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains("fork");
    }

    @Test
    void readsWhatTheEngineCountsAndBelievesNothingElse() throws IOException {
        assertThat(exhausted("{\"pids_stats\": {\"current\": 100, \"limit\": 100}}"))
                .isTrue();
        assertThat(exhausted("{\"pids_stats\": {\"current\": 93, \"limit\": 100}}"))
                .isTrue();
        assertThat(exhausted("{\"pids_stats\": {\"current\": 50, \"limit\": 100}}"))
                .isFalse();
        for (String unknown : List.of("{}", "[]", "{\"pids_stats\": {}}", "{\"pids_stats\": {\"current\": 5}}")) {
            assertThat(exhausted(unknown)).as(unknown).isFalse();
        }
    }

    private static boolean exhausted(String stats) throws IOException {
        return ProcessCount.parse(new ObjectMapper().readTree(stats)).exhausted();
    }
}
