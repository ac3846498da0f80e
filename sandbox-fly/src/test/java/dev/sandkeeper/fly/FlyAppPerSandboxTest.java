package dev.sandkeeper.fly;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.cleanup.SweepReport;
import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.fly.FlyNoRoom;
import dev.sandkeeper.testkit.simulator.fly.FlySimulator;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is different where each sandbox has an app of its own. */
@Needs(Component.BUBBLEWRAP)
class FlyAppPerSandboxTest {
    private static final String MAKE_APP = "POST /v1/apps";
    private static final String DELETE_APP = "DELETE /v1/apps/{app}";
    private static final String MAKE_MACHINE = "POST /v1/apps/{app}/machines";

    @TempDir
    Path directory;

    private final Optional<MachinesDescription> description = MachinesDescription.find();
    private final Queue<SimulatorTraffic> traffic = new ConcurrentLinkedQueue<>();
    private SandboxBackend local;
    private FlySimulator simulator;
    private FlyBackend backend;

    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else
    FlyAppPerSandboxTest() {}

    @BeforeEach
    void start() {
        local = LocalBackend.builder()
                .stateDirectory(directory.resolve("state"))
                .build();
        Consumer<SimulatorTraffic> listener = traffic::add;
        simulator = FlySimulator.builder(local)
                .traffic(description
                        .<Consumer<SimulatorTraffic>>map(listener::andThen)
                        .orElse(listener))
                .rowsInAPage(1)
                .start();
        backend = backend("sandboxes");
    }

    @AfterEach
    void stop() {
        backend.close();
        simulator.close();
        local.close();
        assertThat(simulator.unknownFields()).isEmpty();
        description.ifPresent(each -> assertThat(each.violations()).isEmpty());
    }

    private FlyBackendBuilder builder(String prefix) {
        return FlyBackend.builder(simulator.token(), prefix)
                .organization(FlySimulator.ORGANIZATION)
                .url(simulator.uri());
    }

    private FlyBackend backend(String prefix) {
        return builder(prefix).appPerSandbox().build();
    }

    /** As a client that dies between two requests. */
    private void directly(BiConsumer<AppsApi, FlyApi> calls) {
        Token token = Token.of(simulator.token());
        try (ProviderClient client = ProviderClient.builder("fly", new FlyErrors())
                .secretHeader("Authorization", token.scheme(), token.text())
                .build()) {
            HttpUrl url = HttpUrl.get(simulator.uri().toString());
            calls.accept(new AppsApi(client, url), new FlyApi(client, url));
        }
    }

    private static ProvisionRequest request(String deployment) {
        ProvisionRequest plain = FlyBackendTest.request();
        // not the moment of the id, so that it can be told from where the time of a listed one is taken
        Instant createdAt = plain.createdAt().minusSeconds(5);
        return new ProvisionRequest(
                deployment, plain.sandboxId(), createdAt, null, plain.spec(), Map.of(), plain.progress());
    }

    private static ProvisionRequest request() {
        return request("tests");
    }

    private void assertNothingLeft(ProvisionRequest request) {
        assertThat(backend.find(request.deployment(), request.sandboxId())).isEmpty();
        assertThat(backend.listOwned(request.deployment()).resources()).isEmpty();
        assertThat(simulator.apps()).isEmpty();
        assertThat(simulator.machines()).isZero();
    }

    @Test
    void eachSandboxHasAnAppAndANetworkOfItsOwnThatGoWithIt() throws InterruptedException {
        ProvisionRequest one = request();
        ProvisionRequest two = request();
        BackendSandbox first = backend.create(one);
        BackendSandbox second = backend.create(two);
        assertThat(simulator.apps()).containsExactlyInAnyOrder(first.providerRef(), second.providerRef());
        assertThat(traffic)
                .filteredOn(each -> each.method().equals("POST") && each.path().equals("/v1/apps"))
                .extracting(SimulatorTraffic::requestText)
                .satisfiesExactlyInAnyOrder(
                        text -> assertThat(text).contains("\"network\":\"" + first.providerRef() + "\""),
                        text -> assertThat(text).contains("\"network\":\"" + second.providerRef() + "\""));
        assertThat(FlyBackendTest.run(first, "echo alive")).isEqualTo("alive\n 0");
        assertThat(backend.listOwned("tests").resources())
                .containsExactlyInAnyOrder(
                        new OwnedResource(first.providerRef(), one.sandboxId(), one.createdAt()),
                        new OwnedResource(second.providerRef(), two.sandboxId(), two.createdAt()));
        assertThat(backend.listOwned("tests").complete()).isTrue();
        backend.destroy(first.providerRef());
        assertThat(simulator.apps()).containsExactly(second.providerRef());
        assertThat(backend.state(first.providerRef())).isEqualTo(ProviderState.GONE);
        assertThat(backend.usage(first.providerRef())).isEmpty();
        assertThatThrownBy(() -> backend.attach(first.providerRef())).isInstanceOf(SandboxGoneException.class);
        backend.destroy(first.providerRef());
        backend.destroy(second.providerRef());
        assertNothingLeft(two);
    }

    @Test
    void anotherJvmServesItByTheSameName() throws InterruptedException {
        ProvisionRequest request = request();
        BackendSandbox created = backend.create(request);
        String ref = created.providerRef();
        try (FlyBackend other = backend("sandboxes")) {
            assertThat(other.health().usable()).isTrue();
            assertThat(other.find("tests", request.sandboxId())).contains(ref);
            assertThat(other.state(ref)).isEqualTo(ProviderState.PRESENT);
            BackendSandbox connected = other.attach(ref);
            assertThat(connected.providerRef()).isEqualTo(ref);
            assertThat(FlyBackendTest.run(connected, "echo alive")).isEqualTo("alive\n 0");
            Instant until = Clock.systemUTC().instant().plusSeconds(600);
            assertThat(other.extend(ref, until)).isAfter(until.minusSeconds(60));
            assertThat(other.usage(ref)).isPresent();
            assertThat(other.terminate(ref, Duration.ofSeconds(10))).isTrue();
            other.destroy(ref);
        }
        assertThatThrownBy(() -> FlyBackendTest.run(created, "echo never")).isInstanceOf(SandboxGoneException.class);
        assertNothingLeft(request);
    }

    @Test
    void aCreateThatFindsNoRoomLeavesNoApp() {
        simulator.room("iad", FlyNoRoom.REGION_FULL);
        ProvisionRequest request = request();
        try (FlyBackend narrow =
                builder("sandboxes").appPerSandbox().regions("iad").build()) {
            assertThatThrownBy(() -> narrow.create(request))
                    .isInstanceOfSatisfying(
                            BackendUnavailableException.class,
                            e -> assertThat(e.code()).isEqualTo("no_capacity"));
        }
        assertNothingLeft(request);
    }

    @Test
    void anAnswerThatIsLostOnceIsAskedForAgain() {
        for (String route : List.of(MAKE_APP, MAKE_MACHINE, DELETE_APP)) {
            simulator.faults().next(route, SimulatorFault.of(Kind.LOST_ANSWER));
        }
        ProvisionRequest request = request();
        String ref = backend.create(request).providerRef();
        assertThat(simulator.apps()).containsExactly(ref);
        assertThat(simulator.machines()).isEqualTo(1);
        simulator.faults().next(DELETE_APP, SimulatorFault.of(Kind.RATE_LIMITED, Duration.ofSeconds(1)));
        backend.destroy(ref);
        assertNothingLeft(request);
    }

    @Test
    @Tag("long")
    void whatACreateLeavesWhoseAnswersAreLostIsFoundAndDestroyed() {
        for (String route : List.of(MAKE_APP, MAKE_MACHINE)) {
            simulator.faults().always(route, SimulatorFault.of(Kind.LOST_ANSWER));
            simulator.faults().always(DELETE_APP, SimulatorFault.serverError(500));
            simulator.faults().listsLagBy(Duration.ofMinutes(1));
            ProvisionRequest request = request();
            assertThatThrownBy(() -> backend.create(request)).isInstanceOf(OutcomeUnknownException.class);
            simulator.faults().heal();
            assertThat(simulator.apps()).hasSize(1);
            Optional<String> left = backend.find("tests", request.sandboxId());
            assertThat(left).contains(simulator.apps().get(0));
            backend.destroy(left.orElseThrow());
            assertNothingLeft(request);
        }
    }

    @Test
    @Tag("long")
    void anAppWithoutAMachineIsFoundListedAndDestroyed() {
        SandboxId id = request().sandboxId();
        AppName name = AppName.of("sandboxes", "tests", id);
        String ref = name.toString();
        directly((apps, api) -> apps.createIsolatedApp(ref, FlySimulator.ORGANIZATION));
        assertThat(backend.find("tests", id)).contains(ref);
        assertThat(backend.listOwned("tests").resources())
                .containsExactly(new OwnedResource(ref, id, name.createdAt()));
        assertThat(backend.state(ref)).isEqualTo(ProviderState.GONE);
        assertThatThrownBy(() -> backend.attach(ref)).isInstanceOf(SandboxGoneException.class);
        backend.destroy(ref);
        assertThat(backend.find("tests", id)).isEmpty();
        assertThat(simulator.apps()).isEmpty();
    }

    @Test
    void appsOfOthersAreLeftAlone() {
        ProvisionRequest mine = request();
        String ref = backend.create(mine).providerRef();
        SandboxId id = request().sandboxId();
        String impostor = AppName.of("sandboxes", "tests", id).toString();
        directly((apps, api) -> {
            apps.createApp("sandboxes", FlySimulator.ORGANIZATION);
            apps.createApp("sandboxes-production", FlySimulator.ORGANIZATION);
            apps.createIsolatedApp(impostor, FlySimulator.ORGANIZATION);
            Identity other = new Identity("others", id, Instant.EPOCH);
            api.create(
                    impostor,
                    Map.of("skip_launch", true, "config", Map.of("image", "x", "metadata", other.metadata())));
        });
        ProvisionRequest others = request("tests-x");
        String ofOther = backend.create(others).providerRef();
        try (FlyBackend prefixed = backend("sandboxes-x")) {
            ProvisionRequest theirs = request();
            String theirRef = prefixed.create(theirs).providerRef();
            assertThat(backend.listOwned("tests").resources())
                    .extracting(OwnedResource::providerRef)
                    .containsExactly(ref);
            assertThat(prefixed.listOwned("tests").resources())
                    .extracting(OwnedResource::providerRef)
                    .containsExactly(theirRef);
            assertThat(backend.find("tests", theirs.sandboxId())).isEmpty();
        }
        assertThat(backend.listOwned("tests-x").resources())
                .extracting(OwnedResource::providerRef)
                .containsExactly(ofOther);
        assertThat(backend.listOwned("test").resources()).isEmpty();
        assertThat(backend.find("tests", others.sandboxId())).isEmpty();
        assertThat(backend.find("tests-x", mine.sandboxId())).isEmpty();
        for (String foreign : List.of("sandboxes", "sandboxes-production", "../apps")) {
            assertThatThrownBy(() -> backend.destroy(foreign)).isInstanceOf(BackendRejectedException.class);
        }
        assertThat(simulator.apps()).hasSize(6);
    }

    @Test
    void isDestroyedByTwoAtATimeWhoWaitUntilItIsGone() {
        ProvisionRequest request = request();
        String ref = backend.create(request).providerRef();
        simulator.faults().transitionsTake(Duration.ofSeconds(1));
        try (FlyBackend other = backend("sandboxes")) {
            CompletableFuture<Void> first = CompletableFuture.runAsync(() -> {
                backend.destroy(ref);
                assertThat(simulator.apps()).isEmpty();
            });
            CompletableFuture<Void> second = CompletableFuture.runAsync(() -> {
                other.destroy(ref);
                assertThat(simulator.apps()).isEmpty();
            });
            CompletableFuture.allOf(first, second).join();
        }
        assertNothingLeft(request);
    }

    @Test
    @Tag("long")
    void aListThatLagsMakesNoSandboxGone() {
        String ref = backend.create(request()).providerRef();
        simulator.faults().listsLagBy(Duration.ofMinutes(1));
        assertThat(backend.state(ref)).isEqualTo(ProviderState.UNKNOWN);
        assertThatThrownBy(() -> backend.attach(ref))
                .isInstanceOfSatisfying(
                        BackendUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("machine_not_listed"));
        assertThat(backend.listOwned("tests").resources())
                .extracting(OwnedResource::providerRef)
                .containsExactly(ref);
        simulator.faults().heal();
        assertThat(backend.state(ref)).isEqualTo(ProviderState.PRESENT);
    }

    @Test
    void aSweepTakesAnAppWithoutAMachineAndSparesASandboxThatAListHides() {
        String orphan = AppName.of("swept", "sweeps", request().sandboxId()).toString();
        CleanupSettings settings = CleanupSettings.builder()
                .manual()
                .sweepGrace(Duration.ofMillis(10))
                .build();
        try (SandboxManager manager = SandboxManager.builder()
                .backend(backend("swept"))
                .store(SandboxStore.builder().deployment("sweeps").inMemory().open())
                .cleanup(settings)
                .build()) {
            Sandbox sandbox = manager.create(FlyBackendTest.spec());
            String living = simulator.apps().get(0);
            simulator.faults().listsLagBy(Duration.ofMinutes(1));
            assertThat(manager.cleanup().sweep()).isEqualTo(new SweepReport(1, 0, 0, 0, 0, 0));
            directly((apps, api) -> apps.createIsolatedApp(orphan, FlySimulator.ORGANIZATION));
            assertThat(manager.cleanup().sweep()).isEqualTo(new SweepReport(2, 1, 0, 0, 0, 0));
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> manager.cleanup().sweep().destroyed() == 1);
            assertThat(simulator.apps()).containsExactly(living);
            simulator.faults().heal();
            assertThat(sandbox.exec("echo", "alive").stdout()).isEqualTo("alive\n");
            sandbox.destroy();
            assertThat(simulator.apps()).isEmpty();
        }
    }

    @Test
    void anAppThatIsNotIsolatedIsNotUsed() {
        ProvisionRequest request = request();
        String app = AppName.of("sandboxes", "tests", request.sandboxId()).toString();
        directly((apps, api) -> apps.createApp(app, FlySimulator.ORGANIZATION));
        assertThatThrownBy(() -> backend.create(request)).isInstanceOfSatisfying(BackendRejectedException.class, e -> {
            assertThat(e.code()).isEqualTo("app_not_isolated");
            assertThat(e.remedy()).isPresent();
        });
        assertNothingLeft(request);
    }

    @Test
    void whatWasMadeBeforeTheSwitchIsServedAfterIt() throws InterruptedException {
        String own = backend.create(request()).providerRef();
        try (FlyBackend shared = builder("sandboxes").build()) {
            String ref = shared.create(request()).providerRef();
            assertThat(backend.state(ref)).isEqualTo(ProviderState.PRESENT);
            assertThat(FlyBackendTest.run(backend.attach(ref), "echo alive")).isEqualTo("alive\n 0");
            backend.destroy(ref);
            assertThat(shared.state(ref)).isEqualTo(ProviderState.GONE);
            assertThat(shared.state(own)).isEqualTo(ProviderState.PRESENT);
            shared.destroy(own);
        }
        assertThat(simulator.apps()).containsExactly("sandboxes");
        assertThat(simulator.machines()).isZero();
    }

    @Test
    void theBuilderSaysWhatIsMissing() {
        FlyBackendBuilder homeless =
                FlyBackend.builder(simulator.token(), "sandboxes").appPerSandbox();
        assertThatThrownBy(homeless::build).isInstanceOfSatisfying(BackendRejectedException.class, e -> {
            assertThat(e.code()).isEqualTo("organization_missing");
            assertThat(e.getMessage()).contains("organization");
            assertThat(e.remedy().orElseThrow()).contains("organization(");
        });
        FlyBackendBuilder wordy = builder("a".repeat(20)).appPerSandbox();
        assertThatThrownBy(wordy::build).isInstanceOfSatisfying(BackendRejectedException.class, e -> {
            assertThat(e.code()).isEqualTo("app_too_long");
            assertThat(e.getMessage()).contains("app").contains("a".repeat(20)).contains("19");
            assertThat(e.remedy()).isPresent();
        });
        builder("a".repeat(19)).appPerSandbox().build().close();
    }
}
