package dev.sandkeeper.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.Retention;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.HistoryRow;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.InMemoryProvider.Action;
import dev.sandkeeper.testkit.InMemoryProvider.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The judge finds each thing that can be wrong: here they are planted, one by one, into what is right. */
class JudgeTest {
    private final SandboxStore store = SandboxStore.inMemory();
    private final SandboxRows rows = store.rows();
    private final Account account = new Account();
    private final Seen witness = new Seen();
    private final Map<SandboxId, String> broken = new HashMap<>();
    private final Judge judge = new Judge(rows, witness, account, broken::get);
    private final Instant now = rows.now();
    private SandboxRow right = row(SandboxState.ACTIVE);

    @BeforeEach
    void oneSandboxThatIsAsItMustBe() throws Exception {
        right = live(SandboxState.ACTIVE);
        witness.add(right.id());
        told(Deed.Kind.CREATED, right.id(), now.plusSeconds(60).toEpochMilli());
        assertThat(judge.examine()).isEmpty();
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void findsAResourceWithoutARow() throws Exception {
        witness.add(id());
        finds(Fault.LEAKED, "has no live row");
    }

    @Test
    void findsAResourceThatDoesNotSayWhoseItIs() throws Exception {
        witness.resources.add(new Witness.Resource("volume", null));
        finds(Fault.LEAKED, "has no live row");
    }

    @Test
    void findsAResourceWhoseRowHasEnded() throws Exception {
        SandboxRow row = live(SandboxState.ACTIVE);
        witness.add(row.id());
        told(Deed.Kind.CREATED, row.id(), now.toEpochMilli());
        end(row, now);
        finds(Fault.LEAKED, "has no live row");
    }

    @Test
    void findsASandboxWithNeitherLiveRowNorHistory() throws Exception {
        told(Deed.Kind.CREATED, id(), now.toEpochMilli());
        finds(Fault.LOST, "has neither live row nor history");
    }

    @Test
    void findsALiveRowWhoseResourceIsGone() throws Exception {
        witness.resources.clear();
        finds(Fault.LOST, "the provider has nothing of it");
    }

    @Test
    void findsALiveRowThatCannotBeUsed() throws Exception {
        broken.put(right.id(), "it does not answer");
        finds(Fault.LOST, "cannot be used: it does not answer");
    }

    @Test
    void findsRowsThatNobodyEnds() throws Exception {
        live(SandboxState.PROVISIONING);
        finds(Fault.LOST, "stays PROVISIONING");
    }

    @Test
    void findsACleaningThatNobodyFinishes() throws Exception {
        live(SandboxState.CLEANING);
        finds(Fault.LOST, "is not cleaned");
    }

    @Test
    void leavesACleaningAloneWhoseCreateMayStillTakeEffect() throws Exception {
        rows.insert(row(SandboxState.CLEANING)
                .change()
                .settledAt(now.plusSeconds(60))
                .build());
        assertThat(judge.examine()).isEmpty();
    }

    @Test
    void findsASandboxThatEndedBeforeItsTime() throws Exception {
        witness.resources.clear();
        end(right, now.plusSeconds(59));
        finds(Fault.LOST, "was to live until");
    }

    @Test
    void findsASandboxThatEndedBeforeItsRenewedEnd() throws Exception {
        told(Deed.Kind.RENEWED, right.id(), now.plusSeconds(90).toEpochMilli());
        witness.resources.clear();
        end(right, now.plusSeconds(61));
        finds(Fault.RENEWED_KILLED, "was to live until");
    }

    @Test
    void leavesASandboxAloneThatEndedAtItsRenewedEndOrThatWasToBeDestroyed() throws Exception {
        told(Deed.Kind.RENEWED, right.id(), now.plusSeconds(90).toEpochMilli());
        witness.resources.clear();
        end(right, now.plusSeconds(90));
        SandboxRow destroyed = live(SandboxState.ACTIVE);
        told(Deed.Kind.CREATED, destroyed.id(), now.plusSeconds(60).toEpochMilli());
        told(Deed.Kind.DESTROYING, destroyed.id());
        end(destroyed, now);
        assertThat(judge.examine()).isEmpty();
    }

    @Test
    void findsADestroyUnderAnOldFenceAfterANewerHadBegun() throws Exception {
        told(Deed.Kind.DESTROY, right.id(), 2, 1_000);
        told(Deed.Kind.DESTROY, right.id(), 2, 1_500);
        told(Deed.Kind.DESTROY, right.id(), 3, 2_000);
        assertThat(judge.examine()).isEmpty();
        told(Deed.Kind.DESTROY, right.id(), 2, 2_001);
        finds(Fault.TWICE, "by the fences");
    }

    @Test
    void findsAFenceThatTwoWereGiven() throws Exception {
        told(Deed.Kind.CLAIMED, right.id(), 1);
        assertThat(judge.examine()).isEmpty();
        told(Deed.Kind.CLAIMED, right.id(), 1);
        finds(Fault.TWICE, "by the fences");
    }

    @Test
    void findsWhatTheProviderHasMadeOrEndedTwice() {
        Event created = new Event(now, Action.CREATED, "memory-1", "d", right.id());
        Event expired = new Event(now, Action.EXPIRED, "memory-1", "d", right.id());
        Event destroyed = new Event(now, Action.DESTROYED, "memory-1", "d", right.id());
        assertThat(MemoryWitness.doubles(List.of(created, expired))).isEmpty();
        assertThat(MemoryWitness.doubles(List.of(created, expired, destroyed))).hasSize(1);
        assertThat(MemoryWitness.doubles(List.of(created, created))).hasSize(1);
    }

    @Test
    void findsWhatWasMadeAndForgottenButNotWhatWasPlanted() {
        SandboxId planted = id();
        told(Deed.Kind.ORPHAN, planted);
        witness.made.add(planted);
        witness.made.add(right.id());
        assertThat(judge.examineRecord()).isEmpty();
        witness.made.add(id());
        assertThat(judge.examineRecord()).singleElement().matches(finding -> finding.fault() == Fault.LOST);
    }

    @Test
    void findsACommandThatOutlivesItsDeadlineByMoreThanTenSeconds() throws Exception {
        long soon = System.nanoTime();
        told(Deed.Kind.EXEC, right.id(), 1, soon - Duration.ofSeconds(11).toNanos());
        told(Deed.Kind.EXEC, right.id(), 2, soon + Duration.ofMinutes(9).toNanos());
        assertThat(judge.overdue()).singleElement().matches(finding -> finding.fault() == Fault.OVERDUE);
        assertThat(account.endless()).extracting(Account.Endless::number).containsExactly("2");
    }

    @Test
    void aVerdictCountsEachThingOnce() {
        Verdict verdict = new Verdict();
        assertThat(verdict.clean()).isTrue();
        verdict.add(new Verdict.Finding(Fault.LEAKED, "a", "is left"));
        verdict.add(new Verdict.Finding(Fault.LEAKED, "a", "is still left"));
        assertThat(verdict.count(Fault.LEAKED)).isOne();
        assertThat(verdict.count(Fault.LOST)).isZero();
        assertThat(verdict.clean()).isFalse();
        assertThat(verdict.lines()).containsExactly("LEAKED a: is left");
    }

    private void finds(Fault fault, String text) throws Exception {
        assertThat(judge.examine()).singleElement().satisfies(finding -> {
            assertThat(finding.fault()).isEqualTo(fault);
            assertThat(finding.text()).contains(text);
        });
    }

    private void told(Deed.Kind kind, Object... words) {
        account.add(List.of(Deed.of(kind, words)), System.nanoTime());
    }

    private SandboxId id() {
        return SandboxId.generate(now.toEpochMilli());
    }

    private SandboxRow row(SandboxState state) {
        return SandboxRow.create(new SandboxRow.Creation(
                        id(), "memory", Retention.DEFAULT, Lifetime.STORE, null, null, "{}", Map.of(), "jvm", now))
                .state(state)
                .build();
    }

    private SandboxRow live(SandboxState state) {
        return rows.insert(row(state));
    }

    private void end(SandboxRow row, Instant claimed) {
        SandboxRow cleaning = rows.compareAndSet(row.change()
                        .state(SandboxState.CLEANING)
                        .claimedAt(claimed)
                        .build())
                .orElseThrow();
        assertThat(rows.archive(new HistoryRow(cleaning, claimed))).isTrue();
    }

    /** A witness that sees what it is told to. */
    private static final class Seen implements Witness {
        private final List<Resource> resources = new ArrayList<>();
        private final Set<SandboxId> made = new HashSet<>();

        void add(SandboxId id) {
            resources.add(new Resource("resource of " + id, id));
        }

        @Override
        public List<Resource> resources(String deployment) {
            return resources;
        }

        @Override
        public Set<Account.Endless> running(Collection<Account.Endless> commands) {
            return Set.copyOf(commands);
        }

        @Override
        public List<String> doubles(String deployment) {
            return List.of();
        }

        @Override
        public Set<SandboxId> made(String deployment) {
            return made;
        }

        @Override
        public void close() {
            // nothing is open
        }
    }
}
