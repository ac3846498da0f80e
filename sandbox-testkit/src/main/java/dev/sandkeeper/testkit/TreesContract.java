package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileInfo;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;

/** Links, paths that wander, large files and whole directories. */
abstract class TreesContract extends FilesContract {
    private static final long BIG = 32L << 20;

    /** For subclasses. */
    TreesContract() {}

    @Test
    void followsLinksAndDotsAsTheKernelDoes() {
        write("/tmp/deep/dir/f", "deep");
        write("/tmp/deep/x", "beside it");
        shell("ln -s /tmp/deep/dir link; ln -s link/f chain; ln -s f dangling; mkdir plain");
        assertThat(read(path("link/f"))).isEqualTo("deep");
        assertThat(read(path("chain"))).isEqualTo("deep");
        assertThat(read(path("link/../x"))).isEqualTo("beside it");
        assertThat(read(path("plain/../../tmp/./deep//x"))).isEqualTo("beside it");
        assertThat(read("/../../tmp/deep/x")).isEqualTo("beside it");
        assertThat(files().list(path("link"), 10)).extracting(FileInfo::path).containsExactly(path("link/f"));
        assertFails("file_not_found", () -> bytes(path("dangling")));
        files().append(path("chain"), new ByteArrayInputStream(new byte[] {'!'}));
        assertThat(read("/tmp/deep/dir/f")).isEqualTo("deep!");
    }

    @Test
    void isNotCaughtInALoopOfLinks() {
        shell("ln -s loop loop; ln -s b a; ln -s a b");
        assertThat(files().stat(path("loop")).type()).isEqualTo(FileInfo.Type.SYMBOLIC_LINK);
        assertThatThrownBy(() -> bytes(path("loop"))).isInstanceOf(FileAccessException.class);
        assertThatThrownBy(() -> files().list(path("a"), 10)).isInstanceOf(FileAccessException.class);
        files().remove(path("a"), true);
        assertFails("file_not_found", () -> files().stat(path("a")));
    }

    @Test
    void removesLinksAndNotWhatTheyLeadTo() {
        write("/tmp/kept/f", "kept");
        files().makeDirectory(path("tree"));
        shell("ln -s /tmp/kept tree/link; ln -s /tmp/kept other");
        files().remove(path("tree"), true);
        files().remove(path("other"), true);
        assertThat(read("/tmp/kept/f")).isEqualTo("kept");
    }

    @Test
    void streamsABigFileBothWays() {
        Source sent = new Source(BIG, () -> {});
        files().write(path("big"), sent, -1);
        assertThat(files().stat(path("big")).size()).isEqualTo(BIG);
        CRC32 received = new CRC32();
        byte[] buffer = new byte[64 << 10];
        try (InputStream in = files().read(path("big"))) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                received.update(buffer, 0, n);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThat(received.getValue()).isEqualTo(sent.sum());
    }

    @Test
    void letsAReaderStopInTheMiddle() throws IOException {
        files().write(path("big"), new Source(BIG, () -> {}), -1);
        for (int i = 0; i < 3; i++) {
            try (InputStream in = files().read(path("big"))) {
                assertThat(in.readNBytes(1000)).hasSize(1000);
            }
        }
        assertThat(shell("echo alive").text()).isEqualTo("alive\n");
    }

    @Test
    void unpacksAndPacksWholeDirectories() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            tar.setAddPaxHeadersForNonAsciiNames(false);
            directory(tar, "d/");
            file(tar, "d/run", "#!/bin/sh\necho ran\n", 0755);
            file(tar, "d/e/new\nline 'q'", "odd", 0600);
            file(tar, "d/\u00fc\u65e5", "unicode", 0644);
            TarArchiveEntry link = new TarArchiveEntry("d/link", TarConstants.LF_SYMLINK);
            link.setLinkName("run");
            tar.putArchiveEntry(link);
            tar.closeArchiveEntry();
        }
        files().unpack(path("into/here"), new ByteArrayInputStream(bytes.toByteArray()));
        assertThat(run(command("/workspace/into/here/d/link")).text()).isEqualTo("ran\n");
        assertThat(read(path("into/here/d/e/new\nline 'q'"))).isEqualTo("odd");
        assertThat(files().stat(path("into/here/d/e/new\nline 'q'")).mode()).isEqualTo(0600);

        Map<String, String> packed = new TreeMap<>();
        try (TarArchiveInputStream tar = new TarArchiveInputStream(files().pack(path("into/here/d")), "UTF-8")) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                String name = entry.getName().replaceFirst("^\\./", "").replaceFirst("/$", "");
                String content = new String(tar.readAllBytes(), StandardCharsets.UTF_8);
                packed.put(name, entry.isSymbolicLink() ? "-> " + entry.getLinkName() : content);
            }
        }
        packed.remove("");
        packed.remove(".");
        assertThat(packed)
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "run", "#!/bin/sh\necho ran\n",
                        "e", "",
                        "e/new\nline 'q'", "odd",
                        "\u00fc\u65e5", "unicode",
                        "link", "-> run"));
        try (InputStream again = files().pack(path("into/here"))) {
            files().unpack(path("copy"), again);
        }
        assertThat(read(path("copy/d/\u00fc\u65e5"))).isEqualTo("unicode");
    }

    private static void directory(TarArchiveOutputStream tar, String name) throws IOException {
        tar.putArchiveEntry(new TarArchiveEntry(name));
        tar.closeArchiveEntry();
    }

    private static void file(TarArchiveOutputStream tar, String name, String text, int mode) throws IOException {
        byte[] content = text.getBytes(StandardCharsets.UTF_8);
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(content.length);
        entry.setMode(mode);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    @Test
    void refusesAnArchiveThatIsNone() {
        byte[] rubbish = "this is not a tar archive".repeat(100).getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> files().unpack(path("d"), new ByteArrayInputStream(rubbish)))
                .isInstanceOf(FileAccessException.class);
    }
}
