package dev.sandkeeper.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxTimeoutException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.FileState;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What holds whatever tools the sandbox has. */
abstract class ShellFilesTests {
    static final Duration IDLE = Duration.ofSeconds(20);

    /** What the scripts are told where no shell of ours prints their input. */
    private static final Map<String, String> WITH_CAT = Map.of("SANDKEEPER_INPUT", "cat");

    @TempDir
    Path temp;

    Path root;
    HostSandbox sandbox;
    BackendFiles files;

    abstract HostSandbox sandbox(Duration idle, String... prefix);

    @BeforeEach
    void open() throws IOException {
        Files.setPosixFilePermissions(temp, PosixFilePermissions.fromString("rwxr-xr-x"));
        root = Files.createDirectory(temp.resolve("root"));
        use(sandbox(IDLE));
    }

    void use(HostSandbox other) {
        if (sandbox != null) {
            sandbox.close();
        }
        sandbox = other;
        files = other.files();
    }

    @AfterEach
    void leavesNothing() throws IOException {
        Awaitility.await().until(() -> !sandbox.isBusy());
        sandbox.close();
        try (Stream<Path> tree = Files.walk(root)) {
            assertThat(tree.filter(path -> path.toString().contains(".sandkeeper-")))
                    .isEmpty();
        }
    }

    String path(String name) {
        return root + "/" + name;
    }

    static InputStream content(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    interface Action {
        void run() throws IOException;
    }

    static InputStream then(byte[] start, Action action) {
        InputStream end = new InputStream() {
            @Override
            public int read() throws IOException {
                action.run();
                return -1;
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                return read();
            }
        };
        return new SequenceInputStream(new ByteArrayInputStream(start), end);
    }

    byte[] read(String path) throws IOException {
        try (InputStream in = files.read(path)) {
            return in.readAllBytes();
        }
    }

    static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    static void assertCode(String code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        SandboxException.class,
                        e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
    }

    @Test
    void removesTheTemporaryFileOfAScriptThatHadToBeKilled() throws IOException {
        use(sandbox(IDLE, "/bin/sh", "-c", "trap '' TERM; exec \"$@\"", "deaf"));
        Files.writeString(root.resolve("f"), "old");
        InputStream failing = then(random(200_000), () -> {
            throw new IOException("the source failed");
        });
        assertThatThrownBy(() -> files.write(path("f"), failing, -1)).isInstanceOf(FileAccessException.class);
        assertThat(root.toFile().list()).containsExactly("f");
        assertThat(root.resolve("f")).hasContent("old");
    }

    @Test
    void removesTheTemporaryFileAlsoWhereItsCallerWasInterrupted() throws IOException {
        use(sandbox(IDLE, "/bin/sh", "-c", "trap '' TERM; exec \"$@\"", "deaf"));
        InputStream content = then(random(200_000), () -> Thread.currentThread().interrupt());
        assertThatThrownBy(() -> files.write(path("f"), content, -1)).isInstanceOf(SandboxInterruptedException.class);
        assertThat(Thread.interrupted()).isTrue();
        await().untilAsserted(() -> assertThat(root.toFile().list()).isEmpty());
    }

    @Test
    void writesInOneProcessAndReadsBack() throws IOException {
        files.write(path("deep/er/a.txt"), content("hello\n\n"), -1);
        assertThat(sandbox.started()).isEqualTo(1);
        assertThat(root.resolve("deep/er/a.txt")).hasContent("hello\n\n");
        assertThat(read(path("deep/er/a.txt"))).asString().isEqualTo("hello\n\n");
        assertThat(sandbox.started()).isEqualTo(2);
        assertThat(files.stat(path("deep/er/a.txt")).mode()).isEqualTo(0644);
    }

    @Test
    void writesAnySizeExactly() throws IOException {
        for (int size : new int[] {0, 1, 31, 32, 33, 32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1, 65536, 1_000_003}) {
            files.write(path("f"), new ByteArrayInputStream(random(size)), 0600);
            assertThat(Files.readAllBytes(root.resolve("f")))
                    .as("size %d", size)
                    .isEqualTo(random(size));
            assertThat(read(path("f"))).as("size %d", size).isEqualTo(random(size));
        }
    }

    @Test
    void keepsTheModeOfWhatItReplacesUnlessToldOtherwise() {
        files.write(path("f"), content("1"), 0755);
        files.write(path("f"), content("2"), -1);
        assertThat(files.stat(path("f")).mode()).isEqualTo(0755);
        files.write(path("f"), content("3"), 0600);
        assertThat(files.stat(path("f")).mode()).isEqualTo(0600);
        files.write(path("f"), new ByteArrayInputStream(random(100_000)), -1);
        assertThat(files.stat(path("f")).mode()).isEqualTo(0600);
    }

    @Test
    void replacesALinkAndNotWhatItLeadsTo() throws IOException {
        Path outside = Files.writeString(temp.resolve("outside"), "secret");
        Files.createSymbolicLink(root.resolve("link"), outside);
        files.write(path("link"), content("mine"), -1);
        assertThat(outside).hasContent("secret");
        assertThat(Files.isSymbolicLink(root.resolve("link"))).isFalse();
        assertThat(files.stat(path("link")).mode()).isEqualTo(0644);
    }

    @Test
    void neverShowsAHalfWrittenFile() throws Exception {
        files.write(path("f"), content("old"), -1);
        CountDownLatch half = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        InputStream slow = then(random(150_000), () -> {
            half.countDown();
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        });
        CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> files.write(path("f"), slow, -1));
        assertThat(half.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(root.resolve("f")).hasContent("old");
        go.countDown();
        writing.get(20, TimeUnit.SECONDS);
        assertThat(root.resolve("f")).hasSize(150_000);
    }

    @Test
    void contentThatBreaksOffLeavesTheOldFile() {
        files.write(path("f"), content("old"), -1);
        for (int good : new int[] {10, 100_000}) {
            InputStream broken = then(random(good), () -> {
                throw new IOException("cable cut");
            });
            assertThatThrownBy(() -> files.write(path("f"), broken, -1))
                    .isInstanceOf(FileAccessException.class)
                    .hasRootCauseMessage("cable cut");
            assertThat(root.resolve("f")).hasContent("old");
        }
        assertThat(files.list(root.toString(), 10)).hasSize(1);
    }

    @Test
    void aHostThatDiesWhileItWritesLeavesTheOldFile() throws Exception {
        files.write(path("f"), content("old"), -1);
        for (String length : List.of("100", "-")) {
            List<String> script =
                    List.of("sh", "-c", FileScript.WRITE.text(), "x", path("f"), "644", "a".repeat(32), length);
            try (BackendProcess process =
                    sandbox.start(new ProcessRequest(script, WITH_CAT, "/", null, true, Duration.ofSeconds(20)))) {
                process.stdin().write(random(50));
                process.stdin().close();
                assertThat(process.pump(new Collected(0)).exitCode()).isEqualTo(78);
            }
            assertThat(root.resolve("f")).hasContent("old");
            assertThat(root.toFile().list()).containsExactly("f");
        }
    }

    @Test
    void aSignalThatOnlyTheShellHasGotLeavesTheOldFile() throws Exception {
        files.write(path("f"), content("old"), -1);
        List<String> script = List.of("sh", "-c", FileScript.WRITE.text(), "x", path("f"), "644", "a".repeat(32), "-");
        try (BackendProcess process =
                sandbox.start(new ProcessRequest(script, WITH_CAT, "/", null, true, Duration.ofSeconds(20)))) {
            process.stdin().write(random(50));
            process.stdin().flush();
            await().until(() -> root.toFile().list().length == 2);
            process.signal(Signal.TERM);
            ExitStatus status = process.pump(new Collected(0));
            assertThat(status.timedOut()).isFalse();
            assertThat(status.exitCode()).isEqualTo(79);
        }
        assertThat(root.toFile().list()).containsExactly("f");
    }

    @Test
    void anInterruptedWriteLeavesTheOldFile() {
        files.write(path("f"), content("old"), -1);
        InputStream content = then(random(500_000), () -> Thread.currentThread().interrupt());
        assertThatThrownBy(() -> files.write(path("f"), content, -1)).isInstanceOf(SandboxInterruptedException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(sandbox.isBusy()).isFalse();
        assertThat(root.resolve("f")).hasContent("old");
        assertThat(root.toFile().list()).containsExactly("f");
    }

    @Test
    void appendsAndMakesWhatIsMissing() {
        files.append(path("d/log"), content("a"));
        files.append(path("d/log"), content("b\n"));
        files.append(path("d/log"), new ByteArrayInputStream(random(100_000)));
        assertThat(root.resolve("d/log")).hasSize(100_003);
        assertCode("is_a_directory", () -> files.append(path("d"), content("x")));
    }

    @Test
    void anyNameSurvives() throws IOException {
        List<byte[]> names = new ArrayList<>();
        for (int b = 1; b < 256; b++) {
            if (b != '/' && b != '.') {
                names.add(new byte[] {(byte) b});
            }
        }
        Random random = new Random(5);
        for (int i = 0; i < 20; i++) {
            byte[] name = new byte[1 + random.nextInt(255)];
            for (int k = 0; k < name.length; k++) {
                do {
                    name[k] = (byte) (1 + random.nextInt(255));
                } while (name[k] == '/');
            }
            names.add(name);
        }
        for (String name : List.of("-rf", "a\n", "\n\n", "  ", "$(touch x)", "`id`", "a'b\"c", "%s%b")) {
            names.add(name.getBytes(StandardCharsets.UTF_8));
        }
        List<String> expected = new ArrayList<>();
        for (byte[] name : names) {
            expected.add(path(PathBytes.decode(name, 0, name.length)));
        }
        for (String path : expected.subList(200, expected.size())) {
            files.write(path, content(path), -1);
            assertThat(files.stat(path).path()).isEqualTo(path);
            assertThat(read(path)).isEqualTo(path.getBytes(StandardCharsets.UTF_8));
        }
        for (String path : expected.subList(0, 200)) {
            files.write(path, content(path), -1);
        }
        assertThat(files.list(root.toString(), 1000))
                .extracting(FileInfo::path)
                .containsExactlyInAnyOrderElementsOf(expected);
        files.move(expected.get(9), path("moved"));
        files.remove(path("moved"), false);
        for (String path : expected.subList(200, expected.size())) {
            files.remove(path, false);
        }
        assertThat(files.list(root.toString(), 1000)).hasSize(199);
    }

    @Test
    void saysWhatAFileIs() throws IOException, InterruptedException {
        files.write(path("f"), content("12345"), 0751);
        Files.createSymbolicLink(root.resolve("dangling"), Path.of("nowhere"));
        files.makeDirectory(path("d"));
        new ProcessBuilder("mkfifo", path("pipe")).start().waitFor();
        FileInfo file = files.stat(path("f"));
        assertThat(file.type()).isEqualTo(FileInfo.Type.FILE);
        assertThat(file.size()).isEqualTo(5);
        assertThat(file.mode()).isEqualTo(0751);
        assertThat(file.modifiedAt())
                .isBetween(Instant.EPOCH.plusSeconds(1_600_000_000L), Instant.EPOCH.plusSeconds(9_000_000_000L));
        assertThat(files.stat(path("dangling")).type()).isEqualTo(FileInfo.Type.SYMBOLIC_LINK);
        assertThat(files.stat(path("d")).type()).isEqualTo(FileInfo.Type.DIRECTORY);
        assertThat(files.stat(path("pipe")).type()).isEqualTo(FileInfo.Type.OTHER);
        assertThat(files.stat("/").type()).isEqualTo(FileInfo.Type.DIRECTORY);
        assertThat(files.list(root.toString() + "/", 10))
                .extracting(FileInfo::name)
                .containsExactly("d", "dangling", "f", "pipe");
        assertThat(files.list("/", 1000)).extracting(FileInfo::path).contains("/tmp", "/usr");
    }

    @Test
    void listsTenThousandAndNotMoreThanAskedFor() throws IOException {
        for (int i = 0; i < 10_000; i++) {
            Files.createFile(root.resolve("file-" + i));
        }
        long start = System.nanoTime();
        assertThat(files.list(root.toString(), 10_000)).hasSize(10_000);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
        assertThat(files.list(root.toString(), 10_001)).hasSize(10_000);
        assertThat(files.list(root.toString(), 7)).hasSize(7);
        assertThat(files.list(path("file-1").replace("file-1", ""), 1)).hasSize(1);
    }

    @Test
    void everyFaultHasItsCode() throws IOException {
        files.write(path("f"), content("x"), -1);
        files.write(path("d/inner"), content("x"), -1);
        Files.createSymbolicLink(root.resolve("dangling"), Path.of("nowhere"));
        Files.createSymbolicLink(root.resolve("loop"), Path.of("loop"));
        assertCode("file_not_found", () -> files.stat(path("none")));
        assertCode("file_not_found", () -> files.stat(path("none/deeper/still")));
        assertCode("not_a_directory", () -> files.stat(path("f/below")));
        assertCode("file_not_found", () -> read(path("none")));
        assertCode("file_not_found", () -> read(path("dangling")));
        assertCode("is_a_directory", () -> read(path("d")));
        assertCode("not_a_directory", () -> read(path("f/x/y")));
        assertCode("is_a_directory", () -> files.write(path("d"), content("x"), -1));
        assertCode("not_a_directory", () -> files.write(path("f/x"), content("x"), -1));
        assertCode("is_a_directory", () -> files.write(path("d"), new ByteArrayInputStream(random(300_000)), -1));
        assertCode("not_a_directory", () -> files.append(path("f/x"), content("x")));
        assertCode("file_not_found", () -> files.list(path("none"), 10));
        assertCode("not_a_directory", () -> files.list(path("f"), 10));
        assertCode("file_exists", () -> files.makeDirectory(path("f")));
        assertCode("not_a_directory", () -> files.makeDirectory(path("f/x/y")));
        assertCode("file_not_found", () -> files.move(path("none"), path("x")));
        assertCode("file_not_found", () -> files.move(path("f"), path("none/x")));
        assertCode("is_a_directory", () -> files.move(path("f"), path("d")));
        assertCode("not_a_directory", () -> files.move(path("d"), path("f")));
        assertCode("not_a_directory", () -> files.move(path("f"), path("f/x")));
        assertCode("file_access_failed", () -> files.move(path("d"), path("d/x")));
        assertCode("file_not_found", () -> files.remove(path("none"), false));
        assertCode("file_not_found", () -> files.remove(path("none"), true));
        assertCode("directory_not_empty", () -> files.remove(path("d"), false));
        assertCode("file_not_found", () -> files.setMode(path("none"), 0600));
        assertCode("not_a_directory", () -> files.unpack(path("f"), content("")));
        assertCode("not_a_directory", () -> files.pack(path("f")));
        assertCode("file_not_found", () -> files.pack(path("none")));
        assertCode("file_not_found", () -> files.read(path("loop")));
        assertCode("file_access_failed", () -> files.stat(path("n".repeat(5000))));
        assertThatIllegalArgumentException().isThrownBy(() -> files.stat("relative"));
        assertThatIllegalArgumentException().isThrownBy(() -> files.stat(path("a\0b")));
        assertThatIllegalArgumentException().isThrownBy(() -> files.setMode(path("f"), 010000));
        assertThatIllegalArgumentException().isThrownBy(() -> files.write(path("f"), content(""), -2));
        assertThat(root.resolve("f")).hasContent("x");
    }

    @Test
    void messagesNameOperationPathAndBackend() {
        assertThatThrownBy(() -> files.read(path("no\nne")))
                .hasMessage("host: cannot read " + path("no?ne")
                        + ": there is no such file or directory. List the directory above it");
    }

    @Test
    void whatTheUserMayNotIsPermissionDenied() throws IOException {
        files.write(path("closed/f"), content("x"), 0600);
        files.setMode(path("closed"), 0700);
        files.write(path("f"), content("x"), 0600);
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
        use(sandbox(IDLE, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
        assertCode("permission_denied", () -> files.stat(path("closed/f")));
        assertCode("permission_denied", () -> files.list(path("closed"), 10));
        assertCode("permission_denied", () -> files.read(path("f")));
        assertCode("permission_denied", () -> files.write(path("new"), content("x"), -1));
        assertCode("permission_denied", () -> files.write(path("new"), new ByteArrayInputStream(random(500_000)), -1));
        assertCode("permission_denied", () -> files.write(path("new/deep"), content("x"), -1));
        assertCode("permission_denied", () -> files.append(path("f"), content("x")));
        assertCode("permission_denied", () -> files.makeDirectory(path("new")));
        assertCode("permission_denied", () -> files.move(path("f"), path("g")));
        assertCode("permission_denied", () -> files.remove(path("f"), false));
        assertCode("permission_denied", () -> files.remove(path("closed"), true));
        assertCode("permission_denied", () -> files.setMode(path("f"), 0777));
        assertCode("permission_denied", () -> files.pack(path("closed")));
    }

    @Test
    void aFullDiskIsToldAndTheOldFileStays() throws IOException {
        Path small = Files.createDirectory(root.resolve("small"));
        String mount = "mount -t tmpfs -o size=200k none " + small + " && echo old >" + small + "/f && \"$@\"; s=$?;"
                + " grep -qx old " + small + "/f && [ $(ls -A " + small
                + " | wc -l) -le ${MAX:-1} ] || exit 99; exit $s";
        use(sandbox(IDLE, "unshare", "-rm", "sh", "-c", mount, "-"));
        assertCode("disk_full", () -> files.write(path("small/f"), new ByteArrayInputStream(random(400_000)), -1));
        assertCode("disk_full", () -> files.append(path("small/f"), new ByteArrayInputStream(random(400_000))));
    }

    @Test
    void aFileSizeLimitIsTold() {
        use(sandbox(IDLE, "sh", "-c", "ulimit -f 100; exec \"$@\"", "-"));
        assertCode("file_too_large", () -> files.write(path("f"), new ByteArrayInputStream(random(400_000)), -1));
        assertThat(root).isEmptyDirectory();
    }

    @Test
    void movesFilesOverFilesAndDirectoriesToNewNames() {
        files.write(path("a"), content("a"), -1);
        files.write(path("b"), content("b"), -1);
        files.move(path("a"), path("b"));
        assertThat(root.resolve("b")).hasContent("a");
        files.move(path("b"), path("b"));
        files.write(path("d/x"), content("x"), -1);
        files.move(path("d"), path("e"));
        assertThat(root.resolve("e/x")).hasContent("x");
        assertThat(root.resolve("d")).doesNotExist();
    }

    @Test
    void removesTreesWithoutFollowingLinksEvenClosedOnes() throws IOException {
        Path outside = Files.createDirectory(temp.resolve("outside"));
        Files.writeString(outside.resolve("keep"), "x");
        files.write(path("d/a/b/c"), content("x"), -1);
        Files.createSymbolicLink(root.resolve("d/link"), outside);
        Files.createSymbolicLink(root.resolve("toplink"), outside);
        files.setMode(path("d/a/b"), 0);
        files.setMode(path("d/a"), 0500);
        files.remove(path("toplink"), true);
        files.remove(path("d"), true);
        assertThat(outside.resolve("keep")).hasContent("x");
        assertThat(root).isEmptyDirectory();
        files.makeDirectory(path("empty"));
        files.remove(path("empty"), false);
        assertThat(root).isEmptyDirectory();
    }

    @Test
    void setsModesOfFilesAndDirectories() {
        files.write(path("f"), content("x"), -1);
        files.makeDirectory(path("d"));
        files.setMode(path("f"), 0);
        assertThat(files.stat(path("f")).mode()).isZero();
        files.setMode(path("d"), 02775);
        assertThat(files.stat(path("d")).mode()).isEqualTo(02775);
        files.setMode(path("d"), 0700);
        assertThat(files.stat(path("d")).mode()).isEqualTo(0700);
    }

    @Test
    void aPipeHangsNobody() throws Exception {
        new ProcessBuilder("mkfifo", path("pipe")).start().waitFor();
        assertCode("file_access_failed", () -> files.read(path("pipe")));
        assertCode("file_access_failed", () -> files.append(path("pipe"), content("x")));
        files.write(path("pipe"), content("replaced"), -1);
        assertThat(root.resolve("pipe")).hasContent("replaced");
    }

    @Test
    void whatNoLongerMovesIsEnded() throws IOException {
        // a sandbox that swaps a pipe in behind the check: the answer never starts
        use(sandbox(Duration.ofMillis(500), "sh", "-c", "sleep 300; exec \"$@\"", "-"));
        assertThatThrownBy(() -> files.read(path("f"))).isInstanceOf(SandboxTimeoutException.class);
        assertThat(sandbox.isBusy()).isFalse();
        assertThatThrownBy(() -> files.write(path("f"), new ByteArrayInputStream(random(500_000)), -1))
                .isInstanceOf(SandboxTimeoutException.class);
        assertThat(sandbox.isBusy()).isFalse();
    }

    @Test
    void interruptsEndTheProcessAndKeepTheFlag() throws Exception {
        use(sandbox(IDLE, "sh", "-c", "sleep 300; exec \"$@\"", "-"));
        List<Runnable> calls = List.of(
                () -> files.stat(path("f")),
                () -> files.read(path("f")),
                () -> files.write(path("f"), content("x"), -1),
                () -> files.write(path("f"), new ByteArrayInputStream(random(500_000)), -1));
        for (Runnable call : calls) {
            AtomicReference<Object> seen = new AtomicReference<>();
            Thread thread = new Thread(() -> {
                try {
                    call.run();
                } catch (SandboxInterruptedException e) {
                    seen.set(Thread.currentThread().isInterrupted());
                } catch (RuntimeException e) {
                    seen.set(e);
                }
            });
            thread.start();
            Awaitility.await().until(() -> sandbox.isBusy());
            thread.interrupt();
            thread.join(10_000);
            assertThat(seen.get()).isEqualTo(true);
            assertThat(sandbox.isBusy()).isFalse();
        }
    }

    @Test
    void anInterruptedReaderGetsAnInterruptedIoException() throws Exception {
        Files.write(root.resolve("f"), random(1_000_000));
        use(sandbox(IDLE, "sh", "-c", "printf +; sleep 300", "-"));
        try (InputStream in = files.read(path("f"))) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(in::read)
                    .isInstanceOf(InterruptedIOException.class)
                    .hasCauseInstanceOf(SandboxInterruptedException.class);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(sandbox.isBusy()).isFalse();
        }
    }

    @Test
    void closingEarlyEndsTheProcess() throws Exception {
        Files.write(root.resolve("f"), random(3_000_000));
        InputStream in = files.read(path("f"));
        assertThat(in.readNBytes(100)).isEqualTo(Arrays.copyOf(random(3_000_000), 100));
        assertThat(sandbox.isBusy()).isTrue();
        in.close();
        in.close();
        assertThat(sandbox.isBusy()).isFalse();
        assertThatThrownBy(in::read).isInstanceOf(IOException.class).hasMessageContaining("closed");
    }

    @Test
    void aCutAnswerIsNotACompleteFile() throws Exception {
        use(sandbox(IDLE, "sh", "-c", "printf +half; kill -9 $$", "-"));
        try (InputStream in = files.read(path("f"))) {
            assertThat(in.readNBytes(4)).asString().isEqualTo("half");
            assertThatThrownBy(in::read).isInstanceOf(IOException.class).hasCauseInstanceOf(FileAccessException.class);
            assertThatThrownBy(in::read).isInstanceOf(IOException.class);
        }
    }

    @Test
    void hostileAnswersAreRefused() {
        String[] answers = {
            "",
            "nonsense",
            "81a4 5 1700000000",
            "81a4 5 x\\n",
            "81a4 -5 1700000000\\n",
            "81a4 5 99999999999999999999\\n",
            "81a4 5 1700000000 extra\\n",
            "81a4 5 9223372036854775807\\n",
            "fffffffff 5 1700000000\\n",
            "41ed 4096 1 .//\\n81a4 5 1 ../../etc/passwd//\\n",
            "41ed 4096 1 .//\\n81a4 5 1 ./a/b//\\n",
            "41ed 4096 1 .//\\n81a4 5 1 .///\\n",
            "41ed 4096 1 .//\\n81a4 5 1//\\n",
            "41ed 4096 1 .//\\n81a4 5 1 ./a",
            "41ed 4096 1 .//\\n81a4 5 1 ./a\\0000b//\\n",
        };
        for (String answer : answers) {
            use(sandbox(IDLE, "sh", "-c", "printf '" + answer + "'", "-"));
            assertCode("file_access_failed", () -> files.stat(path("f")));
            assertCode("file_access_failed", () -> files.list(root.toString(), 10));
            assertCode("file_access_failed", () -> files.read(path("f")));
        }
        use(sandbox(IDLE, "sh", "-c", "dd if=/dev/zero bs=1M count=50; dd if=/dev/zero bs=1M count=50 >&2", "-"));
        assertCode("file_access_failed", () -> files.stat(path("f")));
        assertCode("file_access_failed", () -> files.list(root.toString(), 10));
        assertCode("file_access_failed", () -> files.remove(path("f"), false));
    }

    @Test
    void packsAndUnpacksTrees() throws IOException {
        files.write(path("from/a/x.sh"), content("run"), 0755);
        files.write(path("from/b\n\udcff"), content("b"), 0640);
        files.write(path("from/" + "long/".repeat(60) + "f"), content("deep"), -1);
        Files.createSymbolicLink(root.resolve("from/link"), Path.of("a/x.sh"));
        try (InputStream tar = files.pack(path("from"))) {
            files.unpack(path("new/to"), tar);
        }
        assertThat(files.stat(path("new/to/a/x.sh")).mode()).isEqualTo(0755);
        assertThat(files.stat(path("new/to/b\n\udcff")).size()).isEqualTo(1);
        assertThat(read(path("new/to/" + "long/".repeat(60) + "f"))).asString().isEqualTo("deep");
        assertThat(Files.readSymbolicLink(root.resolve("new/to/link"))).isEqualTo(Path.of("a/x.sh"));
        assertThatThrownBy(() -> files.unpack(path("bad"), new ByteArrayInputStream(random(100_000))))
                .isInstanceOf(FileAccessException.class);
    }

    @Test
    void anUnpackThatIsCutIsAnError() throws IOException {
        files.write(path("from/big"), new ByteArrayInputStream(random(2_000_000)), -1);
        byte[] tar;
        try (InputStream in = files.pack(path("from"))) {
            tar = in.readAllBytes();
        }
        assertCode("file_access_failed", () -> files.unpack(path("to"), new ByteArrayInputStream(tar, 0, 1_000_000)));
    }

    @Test
    void streamsWhatIsLargerThanAnyBuffer() throws IOException {
        long size = 100L << 20;
        InputStream zeros = new InputStream() {
            private long left = size;

            @Override
            public int read() {
                return left-- > 0 ? 0 : -1;
            }

            @Override
            public int read(byte[] buffer, int offset, int length) {
                int part = (int) Math.min(length, left);
                Arrays.fill(buffer, offset, offset + part, (byte) 0);
                left -= part;
                return part == 0 && length > 0 ? -1 : part;
            }
        };
        files.write(path("big"), zeros, -1);
        assertThat(root.resolve("big")).hasSize(size);
        long read = 0;
        try (InputStream in = files.read(path("big"))) {
            byte[] buffer = new byte[100_000];
            for (int part = in.read(buffer); part >= 0; part = in.read(buffer)) {
                read += part;
            }
        }
        assertThat(read).isEqualTo(size);
    }

    private Map<String, String> scan(boolean recursive) {
        return files.scan(root.toString(), recursive, 1_000).stream()
                .collect(Collectors.toMap(FileState::path, FileState::mark));
    }

    @Test
    void aScanShowsAChangeThatKeepsSizeAndSecond() throws IOException {
        Files.createDirectories(root.resolve("d/e"));
        Files.writeString(root.resolve("d/e/f"), "one");
        Map<String, String> before = scan(true);
        assertThat(before).containsOnlyKeys(root.toString(), path("d"), path("d/e"), path("d/e/f"));
        assertThat(scan(true)).isEqualTo(before);
        assertThat(scan(false)).containsOnlyKeys(root.toString(), path("d"));

        Instant time = Files.getLastModifiedTime(root.resolve("d/e/f")).toInstant();
        Files.writeString(root.resolve("d/e/f"), "two");
        Files.setLastModifiedTime(root.resolve("d/e/f"), FileTime.from(time));
        Map<String, String> written = scan(true);
        assertThat(written.get(path("d/e/f"))).isNotEqualTo(before.get(path("d/e/f")));
        written.put(path("d/e/f"), before.get(path("d/e/f")));
        assertThat(written).as("what has not changed").isEqualTo(before);
    }

    /** What it cannot look at as a whole it must not show as gone. */
    @Test
    void aScanThatWasCutOrCouldNotLookAtAllFails() throws IOException {
        for (int i = 0; i < 20; i++) {
            Files.writeString(root.resolve("f" + i), "x");
        }
        assertThat(files.scan(root.toString(), true, 21)).hasSize(21);
        assertCode("too_many_entries", () -> files.scan(root.toString(), true, 20));
        assertCode("too_many_entries", () -> files.scan(root.toString(), true, 1));
        assertCode("file_not_found", () -> files.scan(path("none"), true, 1));
        assertCode("not_a_directory", () -> files.scan(path("f1"), true, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> files.scan(root.toString(), true, 0));
    }
}
