package dev.sandkeeper.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TarReaderTest {
    private static List<String> read(InputStream in) throws IOException {
        TarReader tar = new TarReader(in);
        List<String> entries = new ArrayList<>();
        byte[] buffer = new byte[1000];
        for (TarReader.Entry entry = tar.next(); entry != null; entry = tar.next()) {
            long size = 0;
            // every other entry is left unread: the next one must be found all the same
            if (entries.size() % 2 == 0) {
                for (int part = tar.read(buffer); part >= 0; part = tar.read(buffer)) {
                    size += part;
                }
                assertThat(size).isEqualTo(entry.size());
            }
            entries.add(entry.kind() + " " + entry.name() + " " + entry.size());
        }
        return entries;
    }

    private static List<String> read(byte[] tar) throws IOException {
        return read(new ByteArrayInputStream(tar));
    }

    @Test
    void readsWhatEveryTarWrites(@TempDir Path temp) throws Exception {
        Path from = Files.createDirectory(temp.resolve("from"));
        String deep = "directory-".repeat(8) + "/" + "name-".repeat(40);
        Files.createDirectories(from.resolve(deep).getParent());
        Files.writeString(from.resolve(deep), "deep");
        Files.write(from.resolve("big"), new byte[100_001]);
        Files.writeString(Objects.requireNonNull(HostNames.in(from, "\u00e9\n")), "");
        Files.createSymbolicLink(from.resolve("link"), Path.of("t".repeat(300)));
        Files.createLink(from.resolve("zweiter"), from.resolve("big"));
        for (List<String> tool : List.of(
                List.of("tar", "--format=gnu"),
                List.of("tar", "--format=posix"),
                List.of("tar", "--format=ustar", "--exclude=link", "--exclude=name-*"),
                List.of("busybox", "tar"))) {
            List<String> command = new ArrayList<>(tool);
            command.addAll(List.of("-c", "-f", "-", "-C", from.toString(), "."));
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().put("LC_ALL", "C");
            Process process = builder.start();
            List<String> entries = read(process.getInputStream());
            assertThat(process.waitFor()).as("%s", tool).isZero();
            assertThat(entries).as("%s", tool).contains("DIRECTORY . 0", "FILE ./\u00e9\n 0");
            assertThat(entries).as("%s", tool).containsAnyOf("FILE ./big 100001", "FILE ./zweiter 100001");
            assertThat(entries).as("%s", tool).containsAnyOf("OTHER ./big 0", "OTHER ./zweiter 0");
            if (!tool.contains("--format=ustar")) {
                assertThat(entries).as("%s", tool).contains("FILE ./" + deep + " 4", "OTHER ./link 0");
            }
        }
    }

    @Test
    void aCutIsNotAnEnd() throws IOException {
        byte[] tar = new Tars()
                .file("a", "content")
                .directory("d")
                .file("n".repeat(300), "x".repeat(2000))
                .cut();
        assertThat(read(new Tars().raw(tar).end())).hasSize(3);
        for (int length = 0; length <= tar.length; length += 128) {
            byte[] cut = Arrays.copyOf(tar, length);
            assertThatThrownBy(() -> read(cut)).as("%d", length).isInstanceOf(IOException.class);
        }
    }

    @Test
    void whatWouldNotFitMemoryIsRefusedByItsHeader() {
        byte[][] tars = {
            new Tars().header("././@LongLink", 'L', 1L << 40).cut(),
            new Tars().header("././@LongLink", 'K', 5000).cut(),
            new Tars().header("pax", 'x', Long.MAX_VALUE).cut(),
            new Tars().header("pax", 'g', 1 << 20).cut(),
            new Tars().header("sparse", 'S', 10).cut(),
            new Tars().header("negative", '0', -5).cut(),
        };
        for (byte[] tar : tars) {
            assertThatThrownBy(() -> read(tar)).isInstanceOf(IOException.class).hasMessageContaining("malformed");
        }
    }

    @Test
    void extensionsDoNotPileUp() {
        Tars tars = new Tars();
        for (int i = 0; i < 100_000; i++) {
            tars.header("x", 'L', 0);
        }
        assertThatThrownBy(() -> read(tars.end()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("extensions");
    }

    @Test
    void strangeExtendedHeadersAreRefused() {
        String[] records = {
            "",
            "5",
            "x path=a\n",
            "99 path=a\n",
            "0 path=a\n",
            "10 path=a",
            "7 patha\n",
            "-9 path=a\n",
            "12 size=12x\n",
            "13 size=-123\n",
            "99999999999999999999 path=a\n",
            "9 path=a\n9 path"
        };
        for (String record : records) {
            byte[] data = Arrays.copyOf(record.getBytes(StandardCharsets.ISO_8859_1), 512);
            byte[] tar = new Tars()
                    .header("pax", 'x', Math.max(1, record.length()))
                    .raw(data)
                    .file("f", "x")
                    .end();
            assertThatThrownBy(() -> read(tar)).as(record).isInstanceOf(IOException.class);
        }
    }

    @Test
    void nothingEndlessHidesBehindTheEnd() {
        assertThatThrownBy(() -> read(new Tars().raw(new byte[3 << 20]).end()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("behind its end");
    }

    @Test
    void noGarbageDoesMoreThanFail() {
        byte[] good = new Tars()
                .directory("d")
                .file("d/" + "long".repeat(60), "content")
                .link("l", "d")
                .header("pax", 'x', 9)
                .raw(Arrays.copyOf("9 path=a\n".getBytes(StandardCharsets.ISO_8859_1), 512))
                .file("f", "x")
                .end();
        Random random = new Random(7);
        for (int round = 0; round < 5000; round++) {
            byte[] bad = good.clone();
            for (int i = 0; i <= random.nextInt(4); i++) {
                int block = random.nextInt(bad.length / 512 - 18) * 512;
                bad[block + random.nextInt(512)] = (byte) random.nextInt(256);
                if (random.nextBoolean()) {
                    byte[] header = Arrays.copyOfRange(bad, block, block + 512);
                    Arrays.fill(header, 148, 156, (byte) ' ');
                    TarUtils.formatCheckSumOctalBytes(TarUtils.computeCheckSum(header), bad, block + 148, 8);
                }
            }
            try {
                assertThat(read(bad).size()).isLessThan(20);
            } catch (IOException e) {
                assertThat(e).hasMessageMatching("malformed archive.*|the archive breaks off");
            }
        }
    }
}
