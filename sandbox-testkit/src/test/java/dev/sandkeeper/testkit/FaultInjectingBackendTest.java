package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testkit.Fault.Kind;
import dev.sandkeeper.testkit.FaultPlan.Operation;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(30)
class FaultInjectingBackendTest {
    @RegisterExtension
    final LeakChecks leaks = LeakChecks.threads();

    private final MutableClock clock = MutableClock.create();
    private final InMemoryProvider provider = InMemoryProvider.at(clock);
    private final FaultPlan plan = FaultPlan.create();
    private final FaultInjectingBackend backend = FaultInjectingBackend.of(InMemoryBackend.over(provider), plan, clock);

    @AfterEach
    void close() {
        backend.close();
    }

    @Test
    void doesNothingWithoutAPlan() {
        String ref = backend.create(request()).providerRef();
        assertThat(backend.state(ref)).isEqualTo(ProviderState.PRESENT);
        assertThat(plan.calls(Operation.CREATE)).isEqualTo(1);
    }

    @Test
    void losesTheAnswerOfACreateThatHappened() {
        plan.next(Operation.CREATE, Fault.of(Kind.LOST_ANSWER));
        ProvisionRequest request = request();
        assertThatThrownBy(() -> backend.create(request)).isInstanceOfSatisfying(OutcomeUnknownException.class, e -> {
            assertThat(e.sandboxId()).contains(request.sandboxId());
        });
        assertThat(backend.find("d", request.sandboxId())).isPresent();
        backend.create(request());
    }

    @Test
    void letsACreateHappenLate() {
        plan.next(Operation.CREATE, Fault.of(Kind.LATE, Duration.ofSeconds(30)));
        ProvisionRequest request = request();
        assertThatThrownBy(() -> backend.create(request)).isInstanceOf(OutcomeUnknownException.class);
        assertThat(backend.find("d", request.sandboxId())).isEmpty();
        clock.advance(Duration.ofSeconds(30));
        assertThat(backend.find("d", request.sandboxId())).isPresent();
    }

    @Test
    void isUnavailableOrRefusesWithoutDoingAnything() {
        plan.next(Operation.CREATE, Fault.of(Kind.UNAVAILABLE)).next(Operation.CREATE, Fault.of(Kind.REJECTED));
        assertThatThrownBy(() -> backend.create(request())).isInstanceOf(BackendUnavailableException.class);
        assertThatThrownBy(() -> backend.create(request())).isInstanceOf(BackendRejectedException.class);
        assertThat(provider.resources()).isEmpty();
        plan.always(Operation.STATE, Fault.of(Kind.UNAVAILABLE));
        assertThat(backend.state("memory-1")).isEqualTo(ProviderState.UNKNOWN);
        plan.always(Operation.HEALTH, Fault.of(Kind.UNAVAILABLE));
        assertThat(backend.health().usable()).isFalse();
    }

    @Test
    void isSlowStallsOrHangs() {
        plan.next(Operation.LIST, Fault.of(Kind.SLOW, Duration.ofMinutes(1)));
        CompletableFuture<OwnedListing> slow = CompletableFuture.supplyAsync(() -> backend.listOwned("d"));
        await().until(() -> plan.calls(Operation.LIST) == 1 && advanced(Duration.ofSeconds(30)) && slow.isDone());
        assertThat(slow.join().complete()).isTrue();

        plan.next(Operation.LIST, Fault.of(Kind.STALL, Duration.ofMinutes(1)));
        CompletableFuture<OwnedListing> stalled = CompletableFuture.supplyAsync(() -> backend.listOwned("d"));
        await().until(() -> advanced(Duration.ofSeconds(30)) && stalled.isDone());
        assertThatThrownBy(stalled::join).hasCauseInstanceOf(BackendUnavailableException.class);

        plan.always(Operation.DESTROY, Fault.of(Kind.HANG));
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> backend.destroy("memory-1")).isInstanceOf(SandboxInterruptedException.class);
        assertThat(Thread.interrupted()).isTrue();
        CompletableFuture<Void> hanging = CompletableFuture.runAsync(() -> backend.destroy("memory-1"));
        await().until(() -> plan.calls(Operation.DESTROY) == 2);
        assertThat(hanging).isNotDone();
        backend.close();
        assertThatThrownBy(hanging::join).hasCauseInstanceOf(BackendUnavailableException.class);
    }

    private boolean advanced(Duration time) {
        clock.advance(time);
        return true;
    }

    @Test
    void claimsThatThingsAreNotThere() {
        ProvisionRequest request = request();
        String ref = backend.create(request).providerRef();
        for (Operation operation : Operation.values()) {
            plan.always(operation, Fault.of(Kind.NOT_FOUND));
        }
        assertThat(backend.find("d", request.sandboxId())).isEmpty();
        assertThat(backend.state(ref)).isEqualTo(ProviderState.GONE);
        assertThat(backend.listOwned("d")).isEqualTo(new OwnedListing(List.of(), true));
        assertThatThrownBy(() -> backend.attach(ref)).isInstanceOf(SandboxGoneException.class);
        backend.destroy(ref);
        assertThat(provider.resources()).hasSize(1);
        plan.heal();
        assertThat(backend.state(ref)).isEqualTo(ProviderState.PRESENT);
    }

    @Test
    void listsThePastOrAPart() {
        String one = backend.create(request()).providerRef();
        clock.advance(Duration.ofSeconds(20));
        String two = backend.create(request()).providerRef();
        backend.destroy(one);
        plan.always(Operation.LIST, Fault.of(Kind.LAGGING_LIST, Duration.ofSeconds(10)));
        OwnedListing lagging = backend.listOwned("d");
        assertThat(lagging.resources()).extracting(OwnedResource::providerRef).containsExactly(one);
        assertThat(lagging.complete()).isFalse();
        plan.always(Operation.LIST, Fault.of(Kind.LYING_LIST, Duration.ofSeconds(10)));
        assertThat(backend.listOwned("d").complete()).isTrue();
        clock.advance(Duration.ofSeconds(10));
        assertThat(backend.listOwned("d").resources())
                .extracting(OwnedResource::providerRef)
                .containsExactly(two);
        plan.always(Operation.LIST, Fault.of(Kind.CUT_LIST));
        assertThat(backend.listOwned("d")).isEqualTo(new OwnedListing(List.of(), false));
    }

    @Test
    void throwsItsDiceAlikeForTheSameSeed() {
        assertThat(failures(7)).isEqualTo(failures(7)).isNotEqualTo(failures(8)).contains(0, 1);
    }

    private static List<Integer> failures(long seed) {
        FaultPlan plan = FaultPlan.seeded(seed).sometimes(Operation.FIND, Fault.of(Kind.UNAVAILABLE), 0.5);
        return IntStream.range(0, 64)
                .mapToObj(i -> plan.begin(Operation.FIND) == null ? 0 : 1)
                .toList();
    }

    @Test
    void aCallHasOneOfItsStandingFaultsAtMost() {
        FaultPlan both = FaultPlan.seeded(3)
                .sometimes(Operation.FIND, Fault.of(Kind.UNAVAILABLE), 0.3)
                .sometimes(Operation.FIND, Fault.of(Kind.HANG), 0.3);
        List<Fault> faults = IntStream.range(0, 1000)
                .mapToObj(i -> both.begin(Operation.FIND))
                .toList();
        assertThat(faults).filteredOn(fault -> fault == null).hasSizeBetween(300, 500);
        for (Kind kind : List.of(Kind.UNAVAILABLE, Kind.HANG)) {
            assertThat(faults)
                    .filteredOn(fault -> fault != null && fault.kind() == kind)
                    .hasSizeBetween(200, 400);
        }
        assertThatThrownBy(() -> both.sometimes(Operation.FIND, Fault.of(Kind.STALL), 0.5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("FIND");
        both.always(Operation.FIND, Fault.of(Kind.REJECTED));
        assertThat(both.begin(Operation.FIND)).extracting(Fault::kind).isEqualTo(Kind.REJECTED);
    }

    @Test
    void failsTheStartOfACommand() {
        plan.next(Operation.START, Fault.of(Kind.UNAVAILABLE));
        var sandbox = backend.create(request());
        ThrowingCallable start = () -> sandbox.start(ContractSetup.command("true"));
        assertThatThrownBy(start).isInstanceOf(BackendUnavailableException.class);
        backend.destroy(sandbox.providerRef());
    }

    private ProvisionRequest request() {
        return new ProvisionRequest(
                "d",
                SandboxId.generate(clock.millis()),
                clock.instant(),
                null,
                SandboxSpec.builder().build(),
                Map.of(),
                text -> {});
    }
}
