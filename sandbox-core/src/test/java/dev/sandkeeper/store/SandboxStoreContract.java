package dev.sandkeeper.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.StoreUnavailableException;
import dev.sandkeeper.internal.HistoryRow;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.internal.SandboxRows.HistoryCursor;
import dev.sandkeeper.internal.SandboxRows.HistoryFilter;
import dev.sandkeeper.internal.SandboxRows.RowCounts;
import dev.sandkeeper.internal.SandboxRows.RowFilter;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every database has to do. */
abstract class SandboxStoreContract {
    private final List<SandboxStore> opened = new ArrayList<>();
    private SandboxRows rows;

    /** A builder on the one database of this test; empty at first. */
    protected abstract SandboxStore.Builder database();

    protected final SandboxStore open(SandboxStore.Builder builder) {
        SandboxStore store = builder.open();
        opened.add(store);
        return store;
    }

    @BeforeEach
    final void open() {
        rows = open(database()).rows();
    }

    @AfterEach
    final void close() {
        opened.forEach(SandboxStore::close);
    }

    @Test
    void keepsEveryColumn() {
        SandboxRow full = Rows.full();
        SandboxRow bare = Rows.row();
        SandboxRow insertedFull = rows.insert(full);
        SandboxRow insertedBare = rows.insert(bare);

        assertThat(Rows.text(insertedFull)).isEqualTo(Rows.text(full.withVersion(1)));
        assertThat(rows.find(full.id()).map(Rows::text)).contains(Rows.text(insertedFull));
        assertThat(rows.find(bare.id()).map(Rows::text)).contains(Rows.text(insertedBare));
    }

    @Test
    void refusesAnIdTwice() {
        SandboxRow row = rows.insert(Rows.row());
        assertThatThrownBy(() -> rows.insert(row))
                .isInstanceOfSatisfying(
                        SandboxConflictException.class,
                        e -> assertThat(e.code()).isEqualTo("sandbox_exists"));
        assertThat(rows.archive(Rows.history(row))).isTrue();
        assertThatThrownBy(() -> rows.insert(row)).isInstanceOf(SandboxConflictException.class);
        assertThat(rows.find(row.id())).isEmpty();
        assertThat(rows.list(RowFilter.ALL, null, 10)).isEmpty();
    }

    @Test
    void changesARowOnlyWhereItIsAsItWasSeen() {
        SandboxRow seen = rows.insert(Rows.row());
        SandboxRow active = rows.compareAndSet(seen.change()
                        .state(SandboxState.ACTIVE)
                        .providerRef("r")
                        .build())
                .orElseThrow();
        assertThat(active.version()).isEqualTo(2);
        assertThat(rows.find(seen.id()).map(Rows::text)).contains(Rows.text(active));

        assertThat(rows.compareAndSet(seen.change().state(SandboxState.EXPIRED).build()))
                .isEmpty();
        assertThat(rows.compareAndSet(Rows.row().withVersion(1))).isEmpty();
        assertThat(rows.find(seen.id()).map(Rows::text)).contains(Rows.text(active));
    }

    @Test
    void replacesEveryColumnThatCanChange() {
        SandboxRow full = Rows.full();
        SandboxRow inserted = rows.insert(SandboxRow.create(full.creation()).build());
        SandboxRow wanted = full.withVersion(1);
        assertThat(rows.compareAndSet(wanted)).isPresent();
        assertThat(rows.find(full.id()).map(Rows::text)).contains(Rows.text(full.withVersion(2)));

        SandboxRow back = SandboxRow.restore(inserted.creation(), 2).build();
        assertThat(rows.compareAndSet(back)).isPresent();
        assertThat(rows.find(full.id()).map(Rows::text)).contains(Rows.text(back.withVersion(3)));
    }

    @Test
    void oneOfManyWinsACompareAndSet() throws Exception {
        for (int round = 0; round < 10; round++) {
            SandboxRow seen = rows.insert(Rows.row());
            List<Optional<SandboxRow>> answers = Gate.together(
                    12,
                    i -> () -> rows.compareAndSet(
                            seen.change().lease("cleaner-" + i, Rows.START).build()));
            List<SandboxRow> winners =
                    answers.stream().flatMap(Optional::stream).toList();
            assertThat(winners).hasSize(1);
            assertThat(rows.find(seen.id()).map(Rows::text)).contains(Rows.text(winners.get(0)));
        }
    }

    @Test
    void givesEachClaimAFenceOfItsOwn() throws Exception {
        SandboxId id = rows.insert(Rows.row()).id();
        ConcurrentLinkedQueue<Long> fences = new ConcurrentLinkedQueue<>();
        Gate.together(8, i -> () -> {
            for (int claims = 0; claims < 10; ) {
                SandboxRow seen = rows.find(id).orElseThrow();
                Optional<SandboxRow> claimed = rows.compareAndSet(seen.change()
                        .fence(seen.fence() + 1)
                        .lease("cleaner-" + i, Rows.START)
                        .build());
                if (claimed.isPresent()) {
                    fences.add(claimed.get().fence());
                    claims++;
                }
            }
            return null;
        });
        assertThat(fences)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.rangeClosed(1, 80).mapToObj(Long::valueOf).toList());
    }

    @Test
    void archivesOnce() throws Exception {
        SandboxRow row = rows.insert(Rows.full());
        List<Boolean> answers = Gate.together(
                8,
                i -> () -> rows.archive(
                        new HistoryRow(row.change().usage("u" + i, 1L).build(), Rows.START)));
        assertThat(answers).containsOnlyOnce(true);
        assertThat(rows.find(row.id())).isEmpty();
        assertThat(rows.list(new RowFilter(null, null, Set.of(), Map.of("task", "42"), null), null, 10))
                .isEmpty();

        HistoryRow kept = rows.findHistory(row.id()).orElseThrow();
        String usage = "u" + answers.indexOf(true);
        assertThat(Rows.text(kept.last()))
                .isEqualTo(Rows.text(row.change().usage(usage, 1L).build()));
        assertThat(kept.endedAt()).isEqualTo(Rows.START);
        assertThat(rows.archive(Rows.history(row))).isFalse();
    }

    @Test
    void archivesNothingThatHasChanged() {
        SandboxRow seen = rows.insert(Rows.full());
        SandboxRow now = rows.compareAndSet(seen.change().attempts(1).build()).orElseThrow();
        assertThat(rows.archive(Rows.history(seen))).isFalse();
        assertThat(rows.findHistory(seen.id())).isEmpty();
        assertThat(rows.find(seen.id()).map(Rows::text)).contains(Rows.text(now));
        assertThat(rows.list(new RowFilter(null, null, Set.of(), Map.of("task", "42"), null), null, 10))
                .hasSize(1);

        SandboxRow unmeasured = now.change().usage(null, null).build();
        assertThat(rows.archive(new HistoryRow(unmeasured, Rows.START))).isTrue();
        assertThat(rows.findHistory(seen.id()))
                .hasValueSatisfying(kept -> assertThat(kept.last().freedBytes()).isNull());
    }

    @Test
    void listsHistoryFromTheNewestOnInPagesAndPurgesTheOldest() {
        List<SandboxId> ids = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            SandboxRow row = rows.insert(Rows.row(SandboxId.generate(i), i % 2 == 0 ? "even" : "odd", Map.of()));
            SandboxRow ended = row.change()
                    .end("because", i < 3 ? "idle" : "request", "me")
                    .build();
            // two end at the same time
            assertThat(rows.archive(new HistoryRow(ended, Rows.START.plusSeconds(i / 2))))
                    .isTrue();
            ids.add(row.id());
        }
        Collections.reverse(ids);
        List<SandboxId> listed = new ArrayList<>();
        HistoryCursor after = null;
        for (List<HistoryRow> page = rows.listHistory(HistoryFilter.ALL, null, 2);
                !page.isEmpty();
                page = rows.listHistory(HistoryFilter.ALL, after, 2)) {
            page.forEach(history -> listed.add(history.last().id()));
            HistoryRow last = page.get(page.size() - 1);
            after = new HistoryCursor(last.endedAt(), last.last().id());
        }
        assertThat(listed).isEqualTo(ids);
        assertThat(ids(new HistoryFilter(null, "odd", null, null, null, Map.of())))
                .containsExactly(ids.get(1), ids.get(3), ids.get(5));
        assertThat(ids(new HistoryFilter("memory", null, "idle", null, null, Map.of())))
                .hasSize(3);
        assertThat(ids(new HistoryFilter("other", null, null, null, null, Map.of())))
                .isEmpty();
        assertThat(ids(new HistoryFilter(
                        null, null, null, Rows.START.plusSeconds(1), Rows.START.plusSeconds(3), Map.of())))
                .containsExactlyElementsOf(ids.subList(1, 5));

        assertThat(rows.purgeHistory(Rows.START.plusSeconds(2), 3)).isEqualTo(3);
        assertThat(rows.purgeHistory(Rows.START.plusSeconds(2), 3)).isEqualTo(1);
        assertThat(rows.purgeHistory(Rows.START.plusSeconds(2), 3)).isZero();
        assertThat(ids(HistoryFilter.ALL)).containsExactlyElementsOf(ids.subList(0, 3));
    }

    private List<SandboxId> ids(HistoryFilter filter) {
        return rows.listHistory(filter, null, 100).stream()
                .map(history -> history.last().id())
                .toList();
    }

    @Test
    void findsALiveRowByItsProvidersName() {
        SandboxRow older = Rows.row(SandboxId.generate(1), null, Map.of());
        SandboxRow newer = Rows.row(SandboxId.generate(2), null, Map.of());
        rows.insert(newer.change().providerRef("Same ").build());
        rows.insert(older.change().providerRef("Same ").build());
        rows.insert(Rows.row(SandboxId.generate(3), null, Map.of()));
        assertThat(rows.findByRef("memory", "Same ").map(SandboxRow::id)).contains(older.id());
        assertThat(rows.findByRef(null, "Same ").map(SandboxRow::id)).contains(older.id());
        assertThat(rows.findByRef("docker", "Same ")).isEmpty();
        assertThat(rows.findByRef(null, "Same")).isEmpty();
        assertThat(rows.findByRef(null, "same ")).isEmpty();
    }

    @Test
    void listsHistoryByLabelsAsTheyWere() {
        Map<String, Map<String, String>> labels = Map.of(
                "plain", Map.of("task", "42", "more", "x"),
                "like", Map.of("task", "4_%!"),
                "quoted", Map.of("note", "\"task\":\"42\"", "task", "a\\"),
                "prefix", Map.of("ttask", "42"),
                "odd", Map.of("task", "\u00fc\ud83d\ude80\n"));
        Map<String, SandboxId> ids = new HashMap<>();
        labels.forEach((name, each) -> {
            SandboxRow row = rows.insert(Rows.row(SandboxId.generate(ids.size() + 1), "Ann", each));
            ids.put(name, row.id());
            assertThat(rows.archive(new HistoryRow(row, Rows.START))).isTrue();
        });
        Map<Map<String, String>, List<String>> wanted = Map.of(
                Map.of("task", "42"), List.of("plain"),
                Map.of("task", "42", "more", "x"), List.of("plain"),
                Map.of("task", "42", "more", "y"), List.of(),
                Map.of("task", "4_%!"), List.of("like"),
                Map.of("task", "a\\"), List.of("quoted"),
                Map.of("task", "%"), List.of(),
                Map.of("task", "4"), List.of(),
                Map.of("task", "\u00fc\ud83d\ude80\n"), List.of("odd"));
        wanted.forEach((asked, names) -> assertThat(
                        rows.listHistory(new HistoryFilter(null, "Ann", null, null, null, asked), null, 100))
                .as("%s", asked)
                .extracting(each -> each.last().id())
                .containsExactlyElementsOf(names.stream().map(ids::get).toList()));
    }

    @Test
    void countsByStateAndWhatIsStuck() {
        for (SandboxState state : SandboxState.values()) {
            if (state != SandboxState.CLEANED) {
                rows.insert(Rows.in(state, Rows.row()));
            }
        }
        rows.insert(
                Rows.in(SandboxState.CLEANING, Rows.row().change().attempts(9).build()));
        rows.insert(
                Rows.in(SandboxState.CLEANING, Rows.row().change().attempts(10).build()));
        RowCounts counts = rows.count(10);
        assertThat(counts.byState())
                .containsEntry(SandboxState.ACTIVE, 1L)
                .containsEntry(SandboxState.EXPIRED, 1L)
                .containsEntry(SandboxState.CLEANING, 3L)
                .hasSize(SandboxState.values().length - 1);
        assertThat(counts.stuck()).isEqualTo(1);
    }

    @Test
    void touchesWhatIsLiveAndTellsWhatIsNot() {
        Instant now = Rows.START.plusSeconds(10);
        SandboxRows at =
                open(database().clock(Clock.fixed(now, ZoneOffset.UTC))).rows();
        Map<SandboxState, SandboxId> ids = new TreeMap<>();
        Map<SandboxId, Optional<Instant>> touched = new HashMap<>();
        for (SandboxState state : SandboxState.values()) {
            if (state != SandboxState.CLEANED) {
                SandboxId id = rows.insert(Rows.in(state, Rows.row())).id();
                ids.put(state, id);
                touched.put(id, Optional.of(now.plusSeconds(60)));
            }
        }
        SandboxId unknown = Rows.row().id();
        touched.put(unknown, Optional.empty());

        assertThat(at.touch(touched))
                .containsExactlyInAnyOrder(ids.get(SandboxState.EXPIRED), ids.get(SandboxState.CLEANING), unknown);

        ids.forEach((state, id) -> {
            SandboxRow row = rows.find(id).orElseThrow();
            boolean live = state != SandboxState.EXPIRED && state != SandboxState.CLEANING;
            assertThat(row.version()).isEqualTo(live ? 2 : 1);
            assertThat(row.state()).isEqualTo(state);
            assertThat(row.lastActiveAt()).isEqualTo(live ? now : Rows.START);
            assertThat(row.busyUntil()).isEqualTo(live ? now.plusSeconds(60) : null);
            assertThat(row.dueAt()).isEqualTo(Rows.START);
        });
        assertThat(rows.touch(Map.of())).isEmpty();
    }

    @Test
    void neverMovesActivityBack() {
        Instant now = Rows.START.minusSeconds(10);
        SandboxRows behind =
                open(database().clock(Clock.fixed(now, ZoneOffset.UTC))).rows();
        SandboxRow row = rows.insert(
                Rows.row().change().busyUntil(Rows.START.plusSeconds(60)).build());
        assertThat(behind.touch(Map.of(row.id(), Optional.of(Rows.START.plusSeconds(30)))))
                .isEmpty();
        assertThat(behind.touch(Map.of(row.id(), Optional.empty()))).isEmpty();

        SandboxRow after = rows.find(row.id()).orElseThrow();
        assertThat(after.busyUntil()).isEqualTo(Rows.START.plusSeconds(60));
        assertThat(after.lastActiveAt()).isEqualTo(Rows.START);
        assertThat(after.version()).isEqualTo(3);
    }

    @Test
    void eitherTheTouchOrTheClaimWins() throws Exception {
        for (int round = 0; round < 50; round++) {
            SandboxRow seen = rows.insert(Rows.in(SandboxState.ACTIVE, Rows.row()));
            List<Boolean> won = Gate.together(
                    2,
                    i -> i == 0
                            ? () -> rows.touch(Map.of(seen.id(), Optional.empty()))
                                    .isEmpty()
                            : () -> rows.compareAndSet(seen.change()
                                            .state(SandboxState.CLEANING)
                                            .fence(1)
                                            .build())
                                    .isPresent());
            assertThat(won).as("touched, claimed").containsExactlyInAnyOrder(true, false);
        }
    }

    @Test
    void keepsOnlyOnesOwnCreates() {
        Instant until = Rows.START.plusSeconds(90);
        SandboxRow mine =
                rows.insert(Rows.row().change().lease("me", Rows.START).build());
        SandboxRow active = rows.insert(Rows.in(
                SandboxState.ACTIVE, Rows.row().change().lease("me", Rows.START).build()));
        SandboxRow other =
                rows.insert(Rows.row().change().lease("you", Rows.START).build());

        rows.keepProvisioning(
                List.of(mine.id(), active.id(), other.id(), Rows.row().id()), "me", until);
        rows.keepProvisioning(List.of(), "me", until);

        SandboxRow kept = rows.find(mine.id()).orElseThrow();
        assertThat(kept.leaseUntil()).isEqualTo(until);
        assertThat(kept.dueAt()).isEqualTo(until);
        assertThat(kept.version()).isEqualTo(2);
        assertThat(rows.find(active.id()).map(Rows::text)).contains(Rows.text(active));
        assertThat(rows.find(other.id()).map(Rows::text)).contains(Rows.text(other));
    }

    @Test
    void givesWhatIsDueMostOverdueFirst() {
        assertThat(rows.nextDue()).isEmpty();
        assertThat(rows.due(Rows.START, 10)).isEmpty();
        List<SandboxRow> inserted = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            inserted.add(rows.insert(Rows.dueAt(Rows.START.plusMillis(5 - i))));
        }
        SandboxRow tieA = rows.insert(Rows.dueAt(Rows.START));
        SandboxRow tieB = rows.insert(Rows.dueAt(Rows.START));
        List<SandboxId> ties = new ArrayList<>(List.of(inserted.get(5).id(), tieA.id(), tieB.id()));
        ties.sort(null);

        assertThat(rows.nextDue()).contains(Rows.START);
        assertThat(rows.due(Rows.START.minusMillis(1), 10)).isEmpty();
        assertThat(rows.due(Rows.START.plusMillis(1), 10))
                .extracting(SandboxRow::id)
                .containsExactly(
                        ties.get(0), ties.get(1), ties.get(2), inserted.get(4).id());
        assertThat(rows.due(Rows.START.plusMillis(1), 2))
                .extracting(SandboxRow::id)
                .containsExactly(ties.get(0), ties.get(1));
    }

    @Test
    void listsAPageAtATime() {
        List<SandboxId> ids = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            ids.add(rows.insert(Rows.row(SandboxId.generate(i), "ann", Map.of("n", "x")))
                    .id());
        }
        for (RowFilter filter : List.of(
                RowFilter.ALL,
                new RowFilter(null, "ann", Set.of(), Map.of(), null),
                new RowFilter(null, null, Set.of(), Map.of("n", "x"), null))) {
            List<SandboxId> seen = new ArrayList<>();
            SandboxId after = null;
            while (true) {
                List<SandboxRow> page = rows.list(filter, after, 10);
                if (page.isEmpty()) {
                    break;
                }
                page.forEach(row -> seen.add(row.id()));
                after = seen.get(seen.size() - 1);
            }
            assertThat(seen).containsExactlyElementsOf(ids);
        }
    }

    @Test
    void listsWhatAllConditionsHoldFor() {
        SandboxRow one = rows.insert(Rows.row(SandboxId.generate(1), "ann", Map.of("a", "1", "b", "2")));
        SandboxRow two = rows.insert(
                Rows.in(SandboxState.ACTIVE, Rows.row(SandboxId.generate(2), "bob", Map.of("a", "1", "b", "3"))));

        assertThat(list(new RowFilter("memory", null, Set.of(), Map.of(), null)))
                .containsExactly(one.id(), two.id());
        assertThat(list(new RowFilter("docker", null, Set.of(), Map.of(), null)))
                .isEmpty();
        assertThat(list(new RowFilter(null, "bob", Set.of(), Map.of(), null))).containsExactly(two.id());
        assertThat(list(new RowFilter(null, null, Set.of(SandboxState.ACTIVE, SandboxState.PAUSED), Map.of(), null)))
                .containsExactly(two.id());
        assertThat(list(new RowFilter(null, null, Set.of(), Map.of("a", "1"), null)))
                .containsExactly(one.id(), two.id());
        assertThat(list(new RowFilter(null, null, Set.of(), Map.of("a", "1", "b", "2"), null)))
                .containsExactly(one.id());
        assertThat(list(new RowFilter(null, "bob", Set.of(), Map.of("a", "1", "b", "2"), null)))
                .isEmpty();
        assertThat(list(new RowFilter(null, null, Set.of(), Map.of("a", "2"), null)))
                .isEmpty();
        assertThat(list(new RowFilter(null, null, Set.of(), Map.of(), Rows.START)))
                .isEmpty();
        assertThat(list(new RowFilter(null, null, Set.of(), Map.of(), Rows.START.plusMillis(1))))
                .containsExactly(one.id(), two.id());
    }

    private List<SandboxId> list(RowFilter filter) {
        return rows.list(filter, null, 10).stream().map(SandboxRow::id).toList();
    }

    @Test
    void comparesOwnersAndLabelsAsBytes() {
        List<String> alike =
                List.of("ann", "Ann", "ANN", "änn", "a\u0308nn", "ann ", " ann", "ann\u00a0", "ann''--%_\\");
        for (String word : alike) {
            rows.insert(Rows.row(SandboxId.generate(1), word, Map.of("who", word)));
        }
        for (String word : alike) {
            assertThat(rows.list(new RowFilter(null, word, Set.of(), Map.of(), null), null, 10))
                    .extracting(SandboxRow::owner)
                    .containsExactly(word);
            assertThat(rows.list(new RowFilter(null, null, Set.of(), Map.of("who", word), null), null, 10))
                    .extracting(row -> row.labels().get("who"))
                    .containsExactly(word);
            assertThat(rows.list(new RowFilter(null, null, Set.of(), Map.of("WHO", word), null), null, 10))
                    .isEmpty();
        }
    }

    @Test
    void letsNoOddTextOfAProviderStopACleanup() {
        String odd = "x\0\ud83d\ude00".repeat(1000);
        SandboxRow seen = rows.insert(Rows.row());
        SandboxRow failed = rows.compareAndSet(
                        seen.change().lastError(odd).end(odd, odd, odd).build())
                .orElseThrow();
        assertThat(rows.find(seen.id()).orElseThrow().endReason()).hasSize(1000).startsWith("x \ud83d\ude00x ");
        assertThat(rows.archive(new HistoryRow(failed, Rows.START))).isTrue();

        SandboxRow other = rows.insert(Rows.row());
        rows.compareAndSet(other.change().end("y" + odd, odd, odd).build());
        assertThat(rows.find(other.id()).orElseThrow().endReason())
                .as("no half of a pair")
                .hasSize(999)
                .endsWith("\ud83d\ude00x ");
    }

    @Test
    void tellsTheTimeInWholeMilliseconds() {
        assertThat(rows.now()).isCloseTo(Instant.now(), within(1, ChronoUnit.MINUTES));
        assertThat(rows.now()).satisfies(now -> assertThat(now).isEqualTo(now.truncatedTo(ChronoUnit.MILLIS)));
        Clock fixed = Clock.fixed(Instant.ofEpochSecond(7, 1_999_999), ZoneOffset.UTC);
        assertThat(open(database().clock(fixed)).rows().now()).isEqualTo(Instant.ofEpochSecond(7, 1_000_000));
    }

    @Test
    void takesRowsFromManyThreadsAtOnce() throws Exception {
        Gate.together(8, i -> () -> {
            for (int n = 0; n < 25; n++) {
                SandboxRow row = rows.insert(Rows.row(SandboxId.generate(n), "ann", Map.of("t", "" + i)));
                rows.touch(Map.of(row.id(), Optional.empty()));
                if (n % 2 == 0) {
                    SandboxRow last = rows.find(row.id()).orElseThrow();
                    assertThat(rows.archive(Rows.history(last))).isTrue();
                }
            }
            return null;
        });
        assertThat(rows.list(RowFilter.ALL, null, 1000)).hasSize(8 * 12);
    }

    @Test
    void losesNoRowOfAnInterruptedCaller() throws Exception {
        ConcurrentLinkedQueue<SandboxId> acknowledged = new ConcurrentLinkedQueue<>();
        ConcurrentLinkedQueue<Thread> callers = new ConcurrentLinkedQueue<>();
        AtomicBoolean running = new AtomicBoolean(true);
        AtomicInteger kept = new AtomicInteger();
        Thread interrupter = new Thread(() -> {
            while (running.get()) {
                callers.forEach(Thread::interrupt);
                Thread.onSpinWait();
            }
        });
        interrupter.start();
        try {
            Gate.together(20, i -> () -> {
                callers.add(Thread.currentThread());
                for (int n = 0; n < 50; n++) {
                    Thread.currentThread().interrupt();
                    acknowledged.add(rows.insert(Rows.row()).id());
                    kept.addAndGet(Thread.currentThread().isInterrupted() ? 1 : 0);
                }
                callers.remove(Thread.currentThread());
                return null;
            });
        } finally {
            running.set(false);
            interrupter.join();
        }
        assertThat(kept).hasValue(1000);
        assertThat(acknowledged).hasSize(1000);
        assertThat(rows.list(RowFilter.ALL, null, 2000))
                .extracting(SandboxRow::id)
                .containsExactlyInAnyOrderElementsOf(acknowledged);
        rows.insert(Rows.row());
    }

    @Test
    void sharesOneDatabaseBetweenStores() throws Exception {
        SandboxRows second = open(database()).rows();
        assertThat(second.deployment()).isEqualTo(rows.deployment());
        SandboxRow row = rows.insert(Rows.row());
        assertThat(second.find(row.id())).isPresent();
        SandboxRow third = Gate.together(2, i -> () -> (i == 0 ? rows : second).insert(Rows.row()))
                .get(0);
        rows.close();
        assertThat(second.find(third.id())).isPresent();
        assertThat(second.compareAndSet(row)).isPresent();
    }

    @Test
    void letsManyOpenANewDatabaseAtOnce() throws Exception {
        List<SandboxStore> stores = Gate.together(6, i -> () -> database().open());
        opened.addAll(stores);
        assertThat(stores).extracting(SandboxStore::deployment).containsOnly(rows.deployment());
    }

    @Test
    void confirmsItsOwnIdAndNotTheHosts() {
        assertThat(rows.unconfirmed()).isFalse();
        assertThat(rows.deployment()).matches("sk-[0-9a-f]{16}");
        rows.confirm();
        assertThat(rows.unconfirmed()).isFalse();
    }

    @Test
    void refusesAnotherIdUntilThatIsConfirmed() {
        SandboxRow row = rows.insert(Rows.full());
        String before = rows.deployment();
        assertThatThrownBy(() -> database().deployment("other").open())
                .isInstanceOfSatisfying(StoreUnavailableException.class, e -> {
                    assertThat(e.code()).isEqualTo("deployment_unconfirmed");
                    assertThat(e).hasMessageContainingAll("\"other\"", before, "confirmDeployment()");
                });
        assertThat(rows.find(row.id())).isPresent();
        assertThat(open(database().deployment(before)).rows().find(row.id())).isPresent();

        SandboxRows other =
                open(database().deployment("other").confirmDeployment()).rows();
        assertThat(other.deployment()).isEqualTo("other");
        assertThat(other.unconfirmed()).isFalse();
        assertThat(other.list(RowFilter.ALL, null, 10))
                .as("sandboxes of the other deployment")
                .isEmpty();
        assertThat(other.findHistory(row.id()))
                .hasValueSatisfying(kept -> assertThat(kept.last().endReason()).contains(before, "other"));
        assertThat(open(database()).deployment()).isEqualTo("other");
    }

    @Test
    void refusesCallsAfterItsEnd() {
        rows.close();
        rows.close();
        assertThatThrownBy(() -> rows.insert(Rows.row()))
                .isInstanceOfSatisfying(
                        StoreUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("store_closed"));
    }
}
