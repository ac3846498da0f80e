package dev.sandkeeper.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.FileChange;
import dev.sandkeeper.FileChange.Kind;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.spi.FileState;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TreeChangesTest {
    private static NavigableMap<String, FileState> tree(FileState... states) {
        NavigableMap<String, FileState> tree = new TreeMap<>();
        for (FileState state : states) {
            tree.put(state.path(), state);
        }
        return tree;
    }

    private static FileState file(String path, String mark) {
        return new FileState(path, FileInfo.Type.FILE, mark);
    }

    private static FileState directory(String path) {
        return new FileState(path, FileInfo.Type.DIRECTORY, "755");
    }

    @Test
    void findsNothingWhereNothingHasChanged() {
        assertThat(TreeChanges.between(tree(), tree())).isEmpty();
        assertThat(TreeChanges.between(tree(file("/a", "1")), tree(file("/a", "1"))))
                .isEmpty();
    }

    @Test
    void tellsWhatWasMadeChangedAndRemoved() {
        assertThat(TreeChanges.between(
                        tree(file("/gone", "1"), file("/same", "1"), file("/other", "1")),
                        tree(file("/new", "1"), file("/same", "1"), file("/other", "2"))))
                .containsExactly(
                        new FileChange(Kind.REMOVED, "/gone"),
                        new FileChange(Kind.CREATED, "/new"),
                        new FileChange(Kind.MODIFIED, "/other"));
    }

    @Test
    void emptiesDirectoriesBeforeItRemovesThemAndFillsThemAfterTheyAreMade() {
        NavigableMap<String, FileState> deep = tree(directory("/d"), directory("/d/e"), file("/d/e/f", "1"));
        assertThat(TreeChanges.between(deep, tree()))
                .extracting(FileChange::path)
                .containsExactly("/d/e/f", "/d/e", "/d");
        assertThat(TreeChanges.between(tree(), deep))
                .extracting(FileChange::path)
                .containsExactly("/d", "/d/e", "/d/e/f");
    }

    @Test
    void whatBecomesSomethingElseHasGoneAndIsNew() {
        assertThat(TreeChanges.between(tree(file("/a", "1")), tree(directory("/a"), file("/a/b", "1"))))
                .containsExactly(
                        new FileChange(Kind.REMOVED, "/a"),
                        new FileChange(Kind.CREATED, "/a"),
                        new FileChange(Kind.CREATED, "/a/b"));
    }

    /** Whoever keeps a list by what is told has what is there. */
    @Test
    void aListKeptByTheChangesIsRightWhateverHappens() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        NavigableMap<String, FileState> before = tree();
        Map<String, Integer> kept = new HashMap<>();
        for (int round = 0; round < 2_000; round++) {
            NavigableMap<String, FileState> after = tree();
            for (int i = random.nextInt(12); i > 0; i--) {
                String path = "/" + "abcdef".charAt(random.nextInt(6)) + (random.nextBoolean() ? "" : "/x");
                after.put(
                        path,
                        new FileState(
                                path,
                                random.nextBoolean() ? FileInfo.Type.FILE : FileInfo.Type.DIRECTORY,
                                "" + random.nextInt(2)));
            }
            List<FileChange> changes = TreeChanges.between(before, after);
            for (FileChange change : changes) {
                switch (change.kind()) {
                    case CREATED ->
                        assertThat(kept.put(change.path(), round))
                                .as("seed %s: %s is there already", seed, change)
                                .isNull();
                    case MODIFIED ->
                        assertThat(kept.put(change.path(), round))
                                .as("seed %s: %s is not there", seed, change)
                                .isNotNull();
                    case REMOVED ->
                        assertThat(kept.remove(change.path()))
                                .as("seed %s: %s is not there", seed, change)
                                .isNotNull();
                    case MISSED -> throw new AssertionError(change);
                }
            }
            assertThat(kept.keySet()).as("seed %s", seed).isEqualTo(after.keySet());
            for (String path : after.keySet()) {
                boolean told = kept.get(path) == round;
                assertThat(told)
                        .as("seed %s: whether %s has changed", seed, path)
                        .isEqualTo(!after.get(path).equals(before.get(path)));
            }
            before = after;
        }
    }
}
