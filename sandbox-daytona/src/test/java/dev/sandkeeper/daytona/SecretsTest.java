package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.sandkeeper.Command;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.SecretWatch;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The key, and what a sandbox's environment holds, show nowhere. */
@Needs(Component.BUBBLEWRAP)
@Timeout(120)
class SecretsTest {
    private static final String OF_SANDBOX = "5andb0x-5ecret";
    private static final String OF_COMMAND = "c0mmand-5ecret";

    @TempDir
    Path directory;

    private final Queue<SimulatorTraffic> traffic = new ConcurrentLinkedQueue<>();

    @Test
    void showNowhere() throws IOException {
        try (SecretWatch watch = SecretWatch.of(Simulated.KEY, OF_SANDBOX, OF_COMMAND)) {
            StringWriter said = new StringWriter();
            use(new PrintWriter(said, true));
            watch.read("what was said", said.toString());
            watch.readFiles("rows", directory.resolve("store"));
            watch.assertNowhere();
        }
        for (String secret : List.of(Simulated.KEY, OF_SANDBOX, OF_COMMAND)) {
            assertThat(traffic)
                    .filteredOn(each ->
                            each.target().startsWith("/api/") || each.route().endsWith("/exec"))
                    .isNotEmpty()
                    .noneMatch(each -> new String(each.requestBody(), StandardCharsets.ISO_8859_1).contains(secret)
                            || each.target().contains(secret));
        }
    }

    private void use(PrintWriter said) {
        try (Simulated simulated = Simulated.byLocal(directory.resolve("jails"))) {
            simulated.listen(traffic::add);
            DaytonaBackend backend = simulated.backend();
            said.println(backend + " " + simulated.builder() + " " + backend.health());
            Files.createDirectories(directory.resolve("store"));
            try (SandboxManager manager = SandboxManager.builder()
                    .backend(backend)
                    .store(SandboxStore.embedded(directory.resolve("store")))
                    .build()) {
                SandboxSpec spec =
                        SandboxSpec.builder().environment("TOKEN", OF_SANDBOX).build();
                Sandbox sandbox = manager.create(spec);
                Command command = Command.builder("sh", "-c", "[ \"$TOKEN$KEY\" = " + "\"$(cat)\" ] && echo same")
                        .environment("KEY", OF_COMMAND)
                        .stdin(OF_SANDBOX + OF_COMMAND)
                        .build();
                assertThat(sandbox.exec(command).stdout()).isEqualTo("same\n");
                sandbox.files().write("f", OF_COMMAND);
                said.println(sandbox.info() + " " + sandbox + " " + spec + " " + command);
                failures(simulated.simulator().faults(), sandbox, said);
                print(catchThrowable(sandbox::destroy), said);
            }
            // the manager has closed it
            print(catchThrowable(() -> backend.attach("x")), said);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void failures(SimulatorFaults faults, Sandbox sandbox, PrintWriter said) {
        for (Kind kind : List.of(Kind.SERVER_ERROR, Kind.LOST_ANSWER, Kind.CUT, Kind.RATE_LIMITED)) {
            faults.always(SimulatorFaults.ANY, SimulatorFault.of(kind));
            print(catchThrowable(() -> sandbox.exec("true")), said);
            print(catchThrowable(() -> sandbox.files().readString("f")), said);
            faults.heal();
        }
    }

    /** Some faults are borne. */
    private static void print(@Nullable Throwable failure, PrintWriter said) {
        if (failure != null) {
            failure.printStackTrace(said);
        }
    }
}
