package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.FaultPlan.Operation;
import dev.sandkeeper.testkit.InMemoryProvider.Witnessed;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What happens to sandboxes whose JVM is killed, as the provider sees it. */
@Timeout(60)
class ProviderProcessTest {
    private static final Instant CREATED = Instant.parse("2026-02-03T04:05:06.789Z");

    private static ProviderProcess provider;

    @BeforeAll
    static void start() throws IOException {
        provider = ProviderProcess.start();
    }

    @AfterAll
    static void close() {
        provider.close();
        assertThatThrownBy(() -> InMemoryBackend.connect(provider.port()))
                .isInstanceOf(BackendUnavailableException.class);
    }

    /** The JVM that is killed: it makes a sandbox of each lifetime and runs a command in both. */
    static final class Victim {
        private Victim() {}

        public static void main(String[] arguments) throws IOException {
            SandboxBackend backend = InMemoryBackend.connect(Integer.parseInt(arguments[0]));
            for (Lifetime lifetime : Lifetime.values()) {
                BackendSandbox sandbox = backend.create(request("killed", lifetime));
                sandbox.start(ContractSetup.command("sleep", "600"));
            }
            System.out.println("ready");
            System.out.flush();
            System.in.read();
        }
    }

    @Test
    void endsWhatBelongsToAKilledJvmAndKeepsItsStoreSandboxes() throws IOException, InterruptedException {
        Process victim = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        // what the JVM itself says would come between the lines of the program
                        "-XX:+DisplayVMOutputToStderr",
                        "-Xlog:disable",
                        "-Xlog:all=warning:stderr",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        String.valueOf(provider.port()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader said = victim.inputReader(StandardCharsets.UTF_8)) {
            assertThat(said.readLine()).isEqualTo("ready");
            assertThat(of("killed"))
                    .hasSize(2)
                    .allSatisfy(each -> assertThat(each.running()).containsExactly("sleep"));
        } finally {
            victim.destroyForcibly().waitFor();
        }
        await().atMost(Duration.ofSeconds(2)).until(() -> of("killed").size() == 1);
        await().until(() -> of("killed").get(0).running().isEmpty());
        assertThat(of("killed").get(0).createdAt()).isEqualTo(CREATED);
        try (SandboxBackend next = InMemoryBackend.connect(provider.port())) {
            String left = next.listOwned("killed").resources().get(0).providerRef();
            assertThat(next.state(left)).isEqualTo(ProviderState.PRESENT);
            next.destroy(left);
        }
        assertThat(provider.journal())
                .filteredOn(event -> event.deployment().equals("killed"))
                .extracting(InMemoryProvider.Event::action)
                .containsExactly(
                        InMemoryProvider.Action.CREATED,
                        InMemoryProvider.Action.CREATED,
                        InMemoryProvider.Action.DESTROYED,
                        InMemoryProvider.Action.DESTROYED);
    }

    @Test
    void letsACreateTakeEffectAfterItsJvmHasGone() {
        provider.nextFault(Operation.CREATE, Fault.of(Fault.Kind.LATE, Duration.ofMillis(300)));
        try (SandboxBackend backend = InMemoryBackend.connect(provider.port())) {
            assertThatThrownBy(() -> backend.create(request("late", Lifetime.STORE)))
                    .isInstanceOf(OutcomeUnknownException.class);
        }
        await().until(() -> of("late").size() == 1);
        provider.lose(of("late").get(0).providerRef());
        assertThat(of("late")).isEmpty();
    }

    @Test
    void plansFaultsForAllJvmsAndHeals() {
        provider.alwaysFault(Operation.FIND, Fault.of(Fault.Kind.UNAVAILABLE));
        try (SandboxBackend backend = InMemoryBackend.connect(provider.port())) {
            SandboxId id = SandboxId.generate(1);
            assertThatThrownBy(() -> backend.find("d", id)).isInstanceOf(BackendUnavailableException.class);
            provider.heal();
            assertThat(backend.find("d", id)).isEmpty();
            assertThat(provider.calls(Operation.FIND)).isEqualTo(2);
        }
    }

    @Test
    void passesExceptionsOnAsTheyAre() throws IOException {
        try (InMemoryProviderServer server = InMemoryProviderServer.start(InMemoryProvider.create());
                SandboxBackend backend = InMemoryBackend.connect(server.port())) {
            ProvisionRequest missing = new ProvisionRequest(
                    "d",
                    SandboxId.generate(1),
                    CREATED,
                    null,
                    SandboxSpec.builder().image("missing").build(),
                    Map.of(),
                    text -> {});
            InMemoryBackend direct = InMemoryBackend.create();
            Throwable expected = catchThrowable(() -> direct.create(missing));
            assertThatThrownBy(() -> backend.create(missing))
                    .isInstanceOf(expected.getClass())
                    .hasMessage(expected.getMessage());
        }
    }

    private static List<Witnessed> of(String deployment) {
        return provider.resources().stream()
                .filter(each -> each.deployment().equals(deployment))
                .toList();
    }

    private static ProvisionRequest request(String deployment, Lifetime lifetime) {
        return new ProvisionRequest(
                deployment,
                SandboxId.generate(CREATED.toEpochMilli()),
                CREATED,
                null,
                SandboxSpec.builder().lifetime(lifetime).build(),
                Map.of(),
                text -> {});
    }
}
