package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.FileInfo;
import dev.sandkeeper.spi.FileState;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a watch compares: whole trees, taken down again and again while somebody works on them. */
abstract class ScanContract extends TreesContract {
    /** For subclasses. */
    ScanContract() {}

    private Map<String, FileState> scan(String directory, boolean recursive) {
        Map<String, FileState> states = new HashMap<>();
        for (FileState state : files().scan(directory, recursive, 1_000)) {
            assertThat(states.put(state.path(), state))
                    .as("another one of %s", state.path())
                    .isNull();
        }
        return states;
    }

    private static FileInfo.@Nullable Type type(Map<String, FileState> states, String path) {
        FileState state = states.get(path);
        return state == null ? null : state.type();
    }

    private static Set<String> changed(Map<String, FileState> before, Map<String, FileState> after) {
        Set<String> paths = new HashSet<>(before.keySet());
        paths.addAll(after.keySet());
        paths.removeIf(path -> Objects.equals(before.get(path), after.get(path)));
        return paths;
    }

    @Test
    void aScanShowsEveryChangeOfATreeAndNothingElse() {
        String root = path("tree");
        write(path("tree/kept"), "kept");
        write(path("tree/a/b/c/file"), "one");
        write(path("tree/a/gone"), "gone");
        Map<String, FileState> first = scan(root, true);
        assertThat(first)
                .containsOnlyKeys(
                        root,
                        path("tree/kept"),
                        path("tree/a"),
                        path("tree/a/b"),
                        path("tree/a/b/c"),
                        path("tree/a/b/c/file"),
                        path("tree/a/gone"));
        assertThat(type(first, root)).isEqualTo(FileInfo.Type.DIRECTORY);
        assertThat(type(first, path("tree/a"))).isEqualTo(FileInfo.Type.DIRECTORY);
        assertThat(type(first, path("tree/kept"))).isEqualTo(FileInfo.Type.FILE);
        assertThat(changed(first, scan(root, true)))
                .as("changes where there were none")
                .isEmpty();

        write(path("tree/a/b/c/file"), "longer");
        files().remove(path("tree/a/gone"), false);
        write(path("tree/a/new"), "new");
        Map<String, FileState> second = scan(root, true);
        assertThat(changed(first, second))
                .containsExactlyInAnyOrder(path("tree/a/b/c/file"), path("tree/a/gone"), path("tree/a/new"));

        files().setMode(path("tree/kept"), 0600);
        files().setMode(path("tree/a/b"), 0700);
        Map<String, FileState> third = scan(root, true);
        assertThat(changed(second, third)).containsExactlyInAnyOrder(path("tree/kept"), path("tree/a/b"));

        files().move(path("tree/a/b"), path("tree/moved"));
        assertThat(changed(third, scan(root, true)))
                .containsExactlyInAnyOrder(
                        path("tree/a/b"),
                        path("tree/a/b/c"),
                        path("tree/a/b/c/file"),
                        path("tree/moved"),
                        path("tree/moved/c"),
                        path("tree/moved/c/file"));
        assertThat(scan(root, false)).containsOnlyKeys(root, path("tree/kept"), path("tree/a"), path("tree/moved"));
    }

    @Test
    void aScanTakesOddNamesAndFollowsNoLinks() {
        shell("mkdir -p tree/d elsewhere; echo x > elsewhere/hidden; "
                + "ln -s ../elsewhere tree/out; ln -s .. tree/d/loop; ln -s nowhere tree/d/dangling; ln -s tree way");
        for (String name : ODD_NAMES) {
            write(path("tree/d/" + name), "x");
        }
        Map<String, FileState> states = scan(path("tree"), true);
        Set<String> expected = new HashSet<>(
                List.of(path("tree"), path("tree/d"), path("tree/out"), path("tree/d/loop"), path("tree/d/dangling")));
        ODD_NAMES.forEach(name -> expected.add(path("tree/d/" + name)));
        assertThat(states.keySet()).isEqualTo(expected);
        assertThat(type(states, path("tree/out"))).isEqualTo(FileInfo.Type.SYMBOLIC_LINK);
        assertThat(type(states, path("tree/d/loop"))).isEqualTo(FileInfo.Type.SYMBOLIC_LINK);
        assertThat(scan(path("way"), false))
                .as("the directory itself may be a link")
                .containsOnlyKeys(path("way"), path("way/d"), path("way/out"));
    }

    @Test
    void aScanRefusesToShowAPartAsTheWhole() {
        for (int i = 0; i < 6; i++) {
            write(path("tree/d/f" + i), "x");
        }
        assertThat(files().scan(path("tree"), true, 8)).hasSize(8);
        assertFails("too_many_entries", () -> files().scan(path("tree"), true, 7));
        assertFails("too_many_entries", () -> files().scan(path("tree"), false, 1));
        assertFails("file_not_found", () -> files().scan(path("none"), true, 7));
        assertFails("not_a_directory", () -> files().scan(path("tree/d/f0"), true, 7));
    }

    @Test
    void aScanOfATreeThatChangesAllTheTimeMissesNothingThatStays() {
        for (int i = 0; i < 5; i++) {
            write(path("tree/stays" + i + "/file"), "x");
        }
        Running churn = start(script("cd tree; while :; do for i in 1 2 3 4 5; do mkdir -p d$i/e; echo x > d$i/e/f; "
                + "done; rm -rf d1 d2 d3 d4 d5; done"));
        for (int round = 0; round < 20; round++) {
            Map<String, FileState> states = scan(path("tree"), true);
            for (int i = 0; i < 5; i++) {
                assertThat(states).containsKeys(path("tree/stays" + i), path("tree/stays" + i + "/file"));
            }
        }
        churn.process().end(Duration.ZERO);
        churn.awaitEnd();
    }
}
