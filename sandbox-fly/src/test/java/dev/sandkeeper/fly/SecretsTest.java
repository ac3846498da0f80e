package dev.sandkeeper.fly;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.sandkeeper.Command;
import dev.sandkeeper.Network;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.fly.FlySimulator;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.SecretWatch;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The token, and what environments and files hold, show nowhere; and no argument vector has them. */
@Tag("long")
@Needs(Component.BUBBLEWRAP)
@Timeout(300)
class SecretsTest {
    private static final String TOKEN = "fm2_m4rked-t0ken-0f-the-acc0unt";
    private static final String OF_SANDBOX = "5andb0x-5ecret";
    private static final String OF_COMMAND = "c0mmand-5ecret";

    @TempDir
    Path directory;

    private final Queue<SimulatorTraffic> traffic = new ConcurrentLinkedQueue<>();

    @Test
    void showNowhere() throws IOException {
        try (SecretWatch watch = SecretWatch.of(TOKEN, OF_SANDBOX, OF_COMMAND)) {
            StringWriter said = new StringWriter();
            use(new PrintWriter(said, true));
            watch.read("what was said", said.toString());
            watch.readFiles("rows", directory.resolve("store"));
            watch.assertNowhere();
        }
        for (String secret : List.of(TOKEN, OF_SANDBOX, OF_COMMAND)) {
            // standard input is base64 or octal, so that a command line would show
            assertThat(traffic)
                    .filteredOn(each -> each.route().endsWith("/exec"))
                    .isNotEmpty()
                    .noneMatch(each ->
                            each.requestText().contains(secret) || each.target().contains(secret));
        }
    }

    private void use(PrintWriter said) throws IOException {
        Files.createDirectories(directory.resolve("store"));
        try (SandboxBackend local = LocalBackend.builder()
                        .stateDirectory(directory.resolve("state"))
                        .build();
                FlySimulator simulator = FlySimulator.builder(local)
                        .token(TOKEN)
                        .traffic(traffic::add)
                        .start()) {
            FlyBackendBuilder builder = FlyBackend.builder("FlyV1 " + TOKEN, "secrets")
                    .organization(FlySimulator.ORGANIZATION)
                    .url(simulator.uri());
            FlyBackend backend = builder.build();
            said.println(backend + " " + builder + " " + backend.health());
            try (SandboxManager manager = SandboxManager.builder()
                    .backend(backend)
                    .store(SandboxStore.embedded(directory.resolve("store")))
                    .build()) {
                SandboxSpec spec = SandboxSpec.builder()
                        .network(Network.full())
                        .environment("TOKEN", OF_SANDBOX)
                        .build();
                Sandbox sandbox = manager.create(spec);
                Command command = Command.builder("sh", "-c", "[ \"$TOKEN$KEY\" = \"$(cat)\" ] && echo same")
                        .environment("KEY", OF_COMMAND)
                        .stdin(OF_SANDBOX + OF_COMMAND)
                        .build();
                assertThat(sandbox.exec(command).stdout()).isEqualTo("same\n");
                sandbox.files().write("f", OF_COMMAND);
                said.println(sandbox.info() + " " + sandbox + " " + spec + " " + command);
                failures(simulator.faults(), sandbox, said);
                sandbox.destroy();
            }
            print(catchThrowable(() -> backend.attach("secrets/x")), said);
        }
    }

    private static void failures(SimulatorFaults faults, Sandbox sandbox, PrintWriter said) {
        for (Kind kind : List.of(Kind.SERVER_ERROR, Kind.CUT)) {
            faults.always(SimulatorFaults.ANY, SimulatorFault.of(kind));
            print(catchThrowable(() -> sandbox.exec("true")), said);
            faults.heal();
        }
    }

    private static void print(Throwable failure, PrintWriter said) {
        assertThat(failure).isNotNull();
        failure.printStackTrace(said);
    }
}
