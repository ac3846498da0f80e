package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileInfo;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** One file or directory at a time. */
abstract class FilesContract extends ProcessContract {
    /** Names that are hard on shells, parsers and charsets; the last has bytes that are not UTF-8. */
    static final List<String> ODD_NAMES = List.of(
            " ",
            "two words ",
            "new\nline",
            "\n",
            "tab\t",
            "'q'",
            "\"d\"",
            "back\\slash",
            "\\n",
            "$HOME",
            "`id`",
            "*",
            "?",
            "-rf",
            "--",
            "#x",
            "~",
            "a=b",
            ";ls",
            "%s",
            "...",
            "\u00fc\u65e5\ud83d\ude80",
            "x".repeat(255),
            "\udcff\udc80z");

    /** For subclasses. */
    FilesContract() {}

    static String path(String name) {
        return "/workspace/" + name;
    }

    final void write(String path, String text) {
        write(path, text, -1);
    }

    final void write(String path, String text, int mode) {
        files().write(path, new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), mode);
    }

    final String read(String path) {
        return new String(bytes(path), StandardCharsets.UTF_8);
    }

    final byte[] bytes(String path) {
        try (InputStream in = files().read(path)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    final void assertFails(String code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        FileAccessException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void writesAndReadsWhatCommandsSeeToo() {
        write(path("f"), "line\n");
        assertThat(shell("cat f; echo more >> f").text()).isEqualTo("line\n");
        assertThat(read(path("f"))).isEqualTo("line\nmore\n");
        write(path("f"), "");
        assertThat(read(path("f"))).isEmpty();
        write("/tmp/elsewhere", "tmp");
        assertThat(shell("cat /tmp/elsewhere").text()).isEqualTo("tmp");
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        files().write(path("bytes"), new ByteArrayInputStream(all), -1);
        assertThat(bytes(path("bytes"))).isEqualTo(all);
    }

    @Test
    void makesDirectoriesAboveAndSetsOrKeepsTheMode() {
        write(path("a/b/c/f"), "x");
        assertThat(files().stat(path("a/b/c/f")).mode()).isEqualTo(0644);
        write(path("a/b/c/f"), "y", 0600);
        assertThat(files().stat(path("a/b/c/f")).mode()).isEqualTo(0600);
        write(path("a/b/c/f"), "z");
        assertThat(files().stat(path("a/b/c/f")).mode()).isEqualTo(0600);
        assertThat(read(path("a/b/c/f"))).isEqualTo("z");
        files().makeDirectory(path("d/e"));
        files().makeDirectory(path("d/e"));
        assertThat(files().stat(path("d/e")).type()).isEqualTo(FileInfo.Type.DIRECTORY);
    }

    @Test
    void showsTheOldContentUntilTheNewIsComplete() {
        write(path("f"), "old");
        Source content = new Source(400_000, () -> {
            Attempt reading = Attempt.of(() -> assertThat(read(path("f"))).isEqualTo("old"));
            reading.join(patience());
        });
        files().write(path("f"), content, -1);
        assertThat(bytes(path("f"))).hasSize(400_000);
    }

    @Test
    void leavesTheOldContentAndNoRubbishWhenTheNewOneFails() {
        write(path("d/f"), "old");
        Source failing = new Source(400_000, () -> {
            throw new IOException("the source failed");
        });
        assertThatThrownBy(() -> files().write(path("d/f"), failing, -1)).isInstanceOf(FileAccessException.class);
        assertThat(read(path("d/f"))).isEqualTo("old");
        assertThat(files().list(path("d"), 10)).extracting(FileInfo::name).containsExactly("f");
    }

    @Test
    void endsUpWithOneOfManyWritesAtTheSameTime() {
        sandbox();
        List<Runnable> tasks = new ArrayList<>();
        for (char letter : new char[] {'a', 'b', 'c', 'd'}) {
            tasks.add(() -> write(path("f"), String.valueOf(letter).repeat(50_000)));
        }
        atOnce(tasks);
        String winner = read(path("f"));
        assertThat(winner).hasSize(50_000);
        assertThat(winner.chars().distinct().count()).isEqualTo(1);
        assertThat(files().list("/workspace", 10)).hasSize(1);
    }

    @Test
    void appends() {
        for (String text : new String[] {"one\n", "", "two\n"}) {
            files().append(path("d/log"), new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
        }
        assertThat(read(path("d/log"))).isEqualTo("one\ntwo\n");
        assertFails("is_a_directory", () -> files().append(path("d"), new ByteArrayInputStream(new byte[1])));
    }

    @Test
    void tellsTypesSizesAndModes() {
        write(path("f"), "12345");
        files().makeDirectory(path("d"));
        shell("ln -s f link; ln -s nowhere dangling; chmod 640 f");
        FileInfo file = files().stat(path("f"));
        assertThat(file.path()).isEqualTo(path("f"));
        assertThat(file.type()).isEqualTo(FileInfo.Type.FILE);
        assertThat(file.size()).isEqualTo(5);
        assertThat(file.mode()).isEqualTo(0640);
        assertThat(file.modifiedAt()).isEqualTo(file.modifiedAt().truncatedTo(ChronoUnit.SECONDS));
        assertThat(Duration.between(file.modifiedAt(), clock().instant()).abs()).isLessThan(Duration.ofHours(1));
        assertThat(files().stat(path("d")).type()).isEqualTo(FileInfo.Type.DIRECTORY);
        assertThat(files().stat(path("link")).type()).isEqualTo(FileInfo.Type.SYMBOLIC_LINK);
        assertThat(files().stat(path("dangling")).type()).isEqualTo(FileInfo.Type.SYMBOLIC_LINK);
        assertThat(files().stat("/dev/null").type()).isEqualTo(FileInfo.Type.OTHER);
    }

    @Test
    void listsEntriesSortedAndLimited() {
        files().makeDirectory(path("d/sub"));
        assertThat(files().list(path("d/sub"), 10)).isEmpty();
        shell("touch d/b d/a d/.hidden; ln -s a d/link; echo 123 > d/sub/deep");
        List<FileInfo> entries = files().list(path("d"), 100);
        assertThat(entries)
                .extracting(FileInfo::path)
                .containsExactly(path("d/.hidden"), path("d/a"), path("d/b"), path("d/link"), path("d/sub"));
        assertThat(entries.get(3).type()).isEqualTo(FileInfo.Type.SYMBOLIC_LINK);
        assertThat(entries.get(4).type()).isEqualTo(FileInfo.Type.DIRECTORY);
        assertThat(files().list(path("d"), 2)).hasSize(2);
        assertThat(files().list(path("d/"), 100)).hasSize(5);
    }

    @Test
    void handlesOddNames() {
        ODD_NAMES.forEach(name -> write(path("odd/" + name), name.length() + ":"));
        assertThat(files().list(path("odd"), 100))
                .extracting(FileInfo::path)
                .containsExactlyInAnyOrderElementsOf(
                        ODD_NAMES.stream().map(name -> path("odd/" + name)).toList());
        ODD_NAMES.forEach(name -> assertThat(read(path("odd/" + name))).isEqualTo(name.length() + ":"));
        String last = ODD_NAMES.get(ODD_NAMES.size() - 1);
        assertThat(files().stat(path("odd/" + last)).path()).isEqualTo(path("odd/" + last));
        files().move(path("odd/" + last), path("odd/-moved\udcfe"));
        files().setMode(path("odd/-moved\udcfe"), 0600);
        files().append(path("odd/-moved\udcfe"), new ByteArrayInputStream(new byte[] {'!'}));
        assertThat(read(path("odd/-moved\udcfe"))).isEqualTo(last.length() + ":!");
        files().remove(path("odd/-moved\udcfe"), false);
        files().makeDirectory(path("odd dir\n'\udcff"));
        write(path("odd dir\n'\udcff/f"), "x");
        assertThat(files().list(path("odd dir\n'\udcff"), 10))
                .extracting(FileInfo::path)
                .containsExactly(path("odd dir\n'\udcff/f"));
        files().remove(path("odd"), true);
        assertFails("file_not_found", () -> files().stat(path("odd")));
    }

    @Test
    void movesAndReplacesFilesButNoDirectories() {
        write(path("a"), "a");
        write(path("b"), "b");
        write(path("d/inside"), "inside");
        files().move(path("a"), path("b"));
        assertThat(read(path("b"))).isEqualTo("a");
        assertFails("file_not_found", () -> files().stat(path("a")));
        assertFails("is_a_directory", () -> files().move(path("b"), path("d")));
        assertThat(files().list(path("d"), 10)).extracting(FileInfo::name).containsExactly("inside");
        files().move(path("d"), path("e"));
        assertThat(read(path("e/inside"))).isEqualTo("inside");
        assertFails("file_not_found", () -> files().move(path("missing"), path("x")));
        assertFails("file_not_found", () -> files().move(path("b"), path("no/such/b")));
    }

    @Test
    void removesFilesDirectoriesAndTrees() {
        write(path("tree/x/y/f"), "f");
        files().makeDirectory(path("empty"));
        files().remove(path("empty"), false);
        assertFails("directory_not_empty", () -> files().remove(path("tree"), false));
        assertThat(read(path("tree/x/y/f"))).isEqualTo("f");
        files().remove(path("tree/x/y/f"), false);
        files().remove(path("tree"), true);
        assertThat(files().list("/workspace", 10)).isEmpty();
        assertFails("file_not_found", () -> files().remove(path("tree"), true));
        assertFails("file_not_found", () -> files().remove(path("tree"), false));
    }

    @Test
    void setsModes() {
        write(path("f"), "x");
        files().makeDirectory(path("d"));
        shell("ln -s f link");
        files().setMode(path("link"), 0750);
        assertThat(files().stat(path("f")).mode()).isEqualTo(0750);
        files().setMode(path("d"), 01770);
        assertThat(files().stat(path("d")).mode()).isEqualTo(01770);
        assertFails("file_not_found", () -> files().setMode(path("missing"), 0600));
    }

    @Test
    void saysWhatIsWrong() {
        write(path("f"), "x");
        files().makeDirectory(path("d"));
        assertFails("file_not_found", () -> bytes(path("missing")));
        assertFails("file_not_found", () -> files().stat(path("missing")));
        assertFails("file_not_found", () -> files().list(path("missing"), 10));
        assertFails("file_not_found", () -> files().pack(path("missing")).close());
        assertFails("is_a_directory", () -> bytes(path("d")));
        assertFails("is_a_directory", () -> write(path("d"), "x"));
        assertFails("not_a_directory", () -> files().list(path("f"), 10));
        assertFails("not_a_directory", () -> write(path("f/below"), "x"));
        assertFails("file_exists", () -> files().makeDirectory(path("f")));
        assertThat(read(path("f"))).isEqualTo("x");
    }

    @Test
    void hasTheRightsOfTheSandboxUserAndNoMore() {
        write(path("secret"), "x", 0000);
        files().makeDirectory(path("closed"));
        files().setMode(path("closed"), 0555);
        assertFails("permission_denied", () -> bytes(path("secret")));
        assertFails("permission_denied", () -> write(path("closed/f"), "x"));
        assertFails("permission_denied", () -> write("/sandkeeper-contract", "x"));
        assertThatCode(() -> files().setMode(path("closed"), 0755)).doesNotThrowAnyException();
    }
}
