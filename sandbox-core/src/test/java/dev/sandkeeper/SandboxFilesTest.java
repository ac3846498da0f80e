package dev.sandkeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.internal.HostSandbox;
import dev.sandkeeper.internal.Tars;
import dev.sandkeeper.internal.Workers;
import dev.sandkeeper.spi.BackendFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SandboxFilesTest {
    private static final SandboxId ID = SandboxId.of("01890a5d-ac96-774b-bcce-b302099a8057");

    @TempDir
    Path temp;

    private final HostSandbox sandbox = HostSandbox.gnu(Duration.ofSeconds(20));
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger running = new AtomicInteger();
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, Workers.daemons("timer"));
    private final SandboxFiles files = files(sandbox.files());

    private SandboxFiles files(BackendFiles backend) {
        Activity activity = () -> {
            begun.incrementAndGet();
            running.incrementAndGet();
            return running::decrementAndGet;
        };
        return new SandboxFiles(
                backend, activity, ID, "host", new Watches(backend, Supplier::get, timer, Runnable::run));
    }

    /** A backend that answers one thing and nothing else. */
    private SandboxFiles answering(String method, Object answer) {
        return files((BackendFiles) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {BackendFiles.class}, (proxy, called, arguments) -> {
                    assertThat(called.getName()).isEqualTo(method);
                    return answer;
                }));
    }

    private SandboxFiles packing(byte[] tar) {
        return answering("pack", new ByteArrayInputStream(tar));
    }

    @AfterEach
    void everyOperationHasEnded() {
        assertThat(running).hasValue(0);
        Awaitility.await().until(() -> !sandbox.isBusy());
        sandbox.close();
        timer.shutdownNow();
    }

    private static void assertCode(String code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        SandboxException.class,
                        e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
    }

    private List<String> tree(Path root) throws IOException {
        try (Stream<Path> paths = Files.walk(root)) {
            return paths.skip(1)
                    .map(path -> root.relativize(path).toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void writesAppendsReadsAndRemoves() {
        String path = temp + "/d/a.txt";
        files.write(path, "one\u00e9");
        files.append(path, "two");
        assertThat(files.readString(path)).isEqualTo("one\u00e9two");
        assertThat(files.stat(path).size()).isEqualTo(8);
        assertThat(files.exists(path)).isTrue();
        assertThat(files.find(path + "/below")).isEmpty();
        assertThat(files.exists(temp + "/none")).isFalse();
        assertThat(files.list(temp.toString())).extracting(FileInfo::name).containsExactly("d");
        files.setMode(path, 0600);
        files.move(path, temp + "/d/b.txt");
        assertCode("directory_not_empty", () -> files.remove(temp + "/d"));
        files.removeAll(temp + "/d");
        files.removeAll(temp + "/d");
        assertCode("file_not_found", () -> files.remove(temp + "/d"));
        assertThat(temp).isEmptyDirectory();
        assertThat(begun).hasValue(14);
    }

    @Test
    void aWatchIsActivityOnlyWhileItIsOpened() throws IOException {
        List<FileChange> heard = new CopyOnWriteArrayList<>();
        WatchOptions often =
                WatchOptions.builder().interval(Duration.ofMillis(100)).build();
        try (FileWatch watch = files.watch(temp.toString(), often, heard::add)) {
            Files.writeString(temp.resolve("new\nline"), "x");
            Awaitility.await()
                    .untilAsserted(() ->
                            assertThat(heard).contains(new FileChange(FileChange.Kind.CREATED, temp + "/new\nline")));
            assertThat(watch.isOpen()).isTrue();
            assertThat(begun).hasValue(1);
            assertThat(running).hasValue(0);
        }
        assertCode("file_not_found", () -> files.watch(temp + "/none", heard::add));
        WatchOptions few = WatchOptions.builder().maxEntries(1).build();
        assertCode("too_many_entries", () -> files.watch(temp.toString(), few, heard::add));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WatchOptions.builder().interval(Duration.ofMillis(99)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WatchOptions.builder().maxEntries(0));
    }

    @Test
    void writesAFileOfTheHost() throws IOException {
        Path from = Files.writeString(temp.resolve("from"), "x");
        files.write(temp + "/to", from);
        assertThat(temp.resolve("to")).hasContent("x");
        assertCode("host_file_failed", () -> files.write(temp + "/to", temp.resolve("none")));
        assertCode("host_file_failed", () -> files.write(temp + "/to", temp));
    }

    @Test
    void pathsAreCheckedBeforeAnythingBegins() {
        List<ThrowingCallable> calls = List.of(
                () -> files.write("../x", "x"),
                () -> files.append("", "x"),
                () -> files.read("a\0"),
                () -> files.open("../x"),
                () -> files.list("..", 1),
                () -> files.stat(""),
                () -> files.exists("../x"),
                () -> files.makeDirectory(".."),
                () -> files.move("a", "../b"),
                () -> files.move("..", "b"),
                () -> files.remove("."),
                () -> files.removeAll("/"),
                () -> files.setMode("../x", 0600),
                () -> files.setMode("x", -1),
                () -> files.setMode("x", 010000),
                () -> files.write("x", InputStream.nullInputStream(), -1),
                () -> files.write("x\ud83d", "x"),
                () -> files.watch("../x", change -> {}),
                () -> files.upload(temp, "../x"),
                () -> files.download("../x", temp));
        for (ThrowingCallable call : calls) {
            assertThatIllegalArgumentException().isThrownBy(call);
        }
        assertThat(begun).hasValue(0);
        assertThat(sandbox.started()).isZero();
    }

    private static TransferOptions interrupting() {
        return TransferOptions.builder()
                .listener((files, bytes) -> Thread.currentThread().interrupt())
                .build();
    }

    private static void assertInterrupted(ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(SandboxInterruptedException.class);
        assertThat(Thread.interrupted()).as("the flag is set again").isTrue();
    }

    @Test
    void anInterruptInTheMiddleOfACopyIsToldAsSuchAndEndsTheScript() throws IOException {
        Path from = Files.createDirectory(temp.resolve("from"));
        Files.write(from.resolve("a"), new byte[3 << 20]);
        Files.write(from.resolve("b"), new byte[3 << 20]);
        assertInterrupted(() -> files.upload(from, temp + "/there", interrupting()));
        Awaitility.await().until(() -> !sandbox.isBusy());
        assertInterrupted(() -> files.download(from.toString(), temp.resolve("back"), interrupting()));
        assertThat(tree(temp.resolve("back"))).hasSizeLessThan(2);
    }

    @Test
    void aStreamThatAnInterruptedCallerClosesEndsItsScript() throws IOException {
        Path file = temp.resolve("content");
        Files.write(file, new byte[3 << 20]);
        InputStream content = files.open(file.toString());
        assertThat(content.read()).isZero();
        Thread.currentThread().interrupt();
        content.close();
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void aCopyOfACallerThatWasInterruptedBeforeDoesNotBegin() throws IOException {
        Path from = Files.createDirectory(temp.resolve("from"));
        Files.writeString(from.resolve("a"), "a");
        Thread.currentThread().interrupt();
        assertInterrupted(() -> files.upload(from, temp + "/there"));
        Thread.currentThread().interrupt();
        assertInterrupted(() -> files.download(from.toString(), temp.resolve("back")));
        assertThat(tree(temp)).containsExactly("from", "from/a");
        assertThat(sandbox.started()).isZero();
    }

    @Test
    void anInterruptWhileAFileOfTheHostIsReadLeavesTheOldContent() throws IOException {
        Path file = temp.resolve("content");
        Files.write(file, new byte[3 << 20]);
        files.write(temp + "/target", "old");
        Thread.currentThread().interrupt();
        assertInterrupted(() -> files.write(temp + "/target", file));
        assertThat(files.readString(temp + "/target")).isEqualTo("old");
        assertThat(tree(temp)).containsExactly("content", "target");
    }

    @Test
    void readingAtOnceIsBounded() {
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return 'x';
            }

            @Override
            public int read(byte[] buffer, int offset, int length) {
                return length;
            }
        };
        assertThatThrownBy(() -> answering("read", endless).read("f"))
                .isInstanceOf(FileAccessException.class)
                .hasMessageContaining("16777216 bytes")
                .hasMessageContaining("open(path)")
                .hasMessageContaining(ID.toString());
        byte[] most = new byte[SandboxFiles.MAX_READ];
        assertThat(answering("read", new ByteArrayInputStream(most)).read("f")).hasSize(SandboxFiles.MAX_READ);
    }

    @Test
    void listingAsAWholeIsBounded() {
        List<FileInfo> many = IntStream.rangeClosed(0, SandboxFiles.MAX_ENTRIES)
                .mapToObj(i -> new FileInfo("/f" + i, FileInfo.Type.FILE, 0, 0, Instant.EPOCH))
                .toList();
        assertCode("too_many_entries", () -> answering("list", many).list("d"));
        assertThat(answering("list", many.subList(1, many.size())).list("d")).hasSize(SandboxFiles.MAX_ENTRIES);
    }

    @Test
    void anOpenStreamIsActivityUntilItIsClosed() throws IOException {
        files.write(temp + "/f", "x");
        InputStream in = files.open(temp + "/f");
        assertThat(running).hasValue(1);
        in.close();
        in.close();
        assertThat(running).hasValue(0);
        assertCode("file_not_found", () -> files.open(temp + "/none"));
    }

    @Test
    void directoriesGoUpAndComeDown() throws IOException {
        Path from = Files.createDirectory(temp.resolve("from"));
        Files.createDirectories(from.resolve("a/empty"));
        Files.writeString(from.resolve("a/run.sh"), "#!/bin/sh");
        Files.setPosixFilePermissions(from.resolve("a/run.sh"), PosixFilePermissions.fromString("rwx------"));
        Files.write(from.resolve("big"), new byte[3_000_001]);
        Files.writeString(from.resolve("n".repeat(250)), "long");
        Files.createSymbolicLink(from.resolve("a/in"), Path.of("../big"));
        Files.createSymbolicLink(from.resolve("out"), Path.of("../../etc/passwd"));
        Files.createSymbolicLink(from.resolve("absolute"), from.resolve("big"));
        List<Long> told = new ArrayList<>();
        TransferOptions options = TransferOptions.builder()
                .listener((f, bytes) -> told.add(bytes))
                .build();

        TransferReport up = files.upload(from, temp + "/in/sandbox", options);

        assertThat(up.files()).isEqualTo(4);
        assertThat(up.directories()).isEqualTo(2);
        assertThat(up.bytes()).isEqualTo(3_000_001 + 9 + 4);
        assertThat(up.skippedNames()).containsExactlyInAnyOrder("out", "absolute");
        assertThat(told).isSorted().endsWith(up.bytes());
        Path there = temp.resolve("in/sandbox");
        assertThat(tree(there)).containsExactly("a", "a/empty", "a/in", "a/run.sh", "big", "n".repeat(250));
        assertThat(Files.readSymbolicLink(there.resolve("a/in"))).isEqualTo(Path.of("../big"));
        assertThat(files.stat(there + "/a/run.sh").mode()).isEqualTo(0755);

        TransferReport down = files.download(there.toString(), temp.resolve("back/new"), options);

        assertThat(down.files()).isEqualTo(3);
        assertThat(down.directories()).isEqualTo(2);
        assertThat(down.bytes()).isEqualTo(up.bytes());
        assertThat(down.skipped()).isEqualTo(1);
        assertThat(down.skippedNames()).containsExactly("./a/in");
        assertThat(tree(temp.resolve("back/new"))).containsExactly("a", "a/empty", "a/run.sh", "big", "n".repeat(250));
        assertThat(Files.isExecutable(temp.resolve("back/new/a/run.sh"))).isTrue();
        assertThat(temp.resolve("back/new/big")).hasBinaryContent(new byte[3_000_001]);
    }

    @Test
    void strangeNamesGoUpAndComeDown() throws IOException {
        files.makeDirectory(temp + "/from");
        for (String name : List.of("a\n", "\udcff\udc80", "\u00e9 '\"$x", "%41", "-rf", "back\\slash")) {
            files.write(temp + "/from/" + name, name);
        }
        files.download(temp + "/from", temp.resolve("host"));
        files.upload(temp.resolve("host"), temp + "/to");
        assertThat(files.list(temp + "/to"))
                .extracting(FileInfo::name)
                .containsExactlyInAnyOrder("a\n", "\udcff\udc80", "\u00e9 '\"$x", "%41", "-rf", "back\\slash");
    }

    @Test
    void nothingLeadsOutOfTheHostDirectory() throws IOException {
        Path outside = Files.createDirectory(temp.resolve("outside"));
        byte[] tar = new Tars()
                .directory("./")
                .file("/absolute", "x")
                .file("../up", "x")
                .file("a/../../up", "x")
                .file("..", "x")
                .directory("../outside/d")
                .link("link", outside.toString())
                .file("link/through", "x")
                .link("file", outside + "/f")
                .file("file", "kept")
                .hardLink("hard", "/etc/passwd")
                .special("device", TarConstants.LF_BLK)
                .special("pipe", TarConstants.LF_FIFO)
                .file("n".repeat(256), "x")
                .file("", "x")
                .directory("dir")
                .file("dir", "x")
                .file("dir/f", "first")
                .file("dir/f", "second")
                .directory("dir/f")
                .file("dir/f/below", "x")
                .script("suid", "x")
                .end();
        Path host = temp.resolve("host");

        TransferReport report = packing(tar).download("d", host);

        assertThat(tree(temp)).filteredOn(path -> !path.startsWith("host")).containsExactly("outside");
        // the link was not made, so what was to go through it made a directory of that name
        assertThat(tree(host)).containsExactly("dir", "dir/f", "file", "link", "link/through", "suid");
        assertThat(Files.isSymbolicLink(host.resolve("link"))).isFalse();
        assertThat(host.resolve("dir/f")).hasContent("first");
        assertThat(host.resolve("file")).hasContent("kept");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(host.resolve("suid"))))
                .startsWith("rwx");
        assertThat(((int) Files.getAttribute(host.resolve("suid"), "unix:mode")) & 07000)
                .isZero();
        assertThat(report.files()).isEqualTo(4);
        assertThat(report.directories()).isEqualTo(2);
        assertThat(report.skipped()).isEqualTo(16);
        assertThat(report.skippedNames()).hasSize(10).startsWith("/absolute", "../up");
    }

    @Test
    void aLinkThatIsInTheWayOnTheHostIsNotFollowed() throws IOException {
        Path outside = Files.createDirectory(temp.resolve("outside"));
        Path host = temp.resolve("host");
        TransferOptions planting = TransferOptions.builder()
                .listener((count, bytes) -> {
                    try {
                        if (count == 1) {
                            Files.createSymbolicLink(host.resolve("dir"), outside);
                            Files.createSymbolicLink(host.resolve("f"), outside.resolve("f"));
                        }
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                })
                .build();
        byte[] tar = new Tars()
                .file("first", "x")
                .directory("dir")
                .file("dir/x", "x")
                .file("f", "x")
                .end();
        assertThat(packing(tar).download("d", host, planting).skipped()).isEqualTo(3);
        assertThat(outside).isEmptyDirectory();
    }

    @Test
    void tooMuchIsRefusedBeforeItIsWritten() throws IOException {
        byte[] huge =
                new Tars().file("small", "x").header("huge", '0', 8L << 40).cut();
        Path host = temp.resolve("host");
        assertThatThrownBy(() -> packing(huge).download("d", host))
                .isInstanceOf(FileAccessException.class)
                .hasMessageContaining("10737418240 bytes")
                .hasMessageContaining("Raise maxBytes");
        assertThat(tree(host)).containsExactly("small");

        Tars many = new Tars();
        IntStream.range(0, 11).forEach(i -> many.special("pipe" + i, TarConstants.LF_FIFO));
        TransferOptions ten = TransferOptions.builder().maxEntries(10).build();
        assertCode("too_many_entries", () -> packing(many.end()).download("d", temp.resolve("h2"), ten));
        assertCode(
                "too_many_entries",
                () -> packing(new Tars().directory("a/".repeat(11)).end()).download("d", temp.resolve("h3"), ten));
        Path eleven = Files.createDirectory(temp.resolve("eleven"));
        for (int i = 0; i < 11; i++) {
            Files.writeString(eleven.resolve("f" + i), "x");
        }
        assertCode("too_many_entries", () -> files.upload(eleven, temp + "/up", ten));
        TransferOptions fewBytes = TransferOptions.builder().maxBytes(5).build();
        assertCode("file_too_large", () -> files.upload(eleven, temp + "/up", fewBytes));
    }

    @Test
    void aBrokenArchiveIsAnError() {
        byte[] cut = new Tars()
                .file("a", "x")
                .header("b", '0', 1000)
                .raw(new byte[300])
                .cut();
        assertThatThrownBy(() -> packing(cut).download("d", temp.resolve("h1")))
                .isInstanceOf(FileAccessException.class)
                .hasMessageContaining("breaks off");
        byte[] noise = "x".repeat(2000).getBytes(StandardCharsets.US_ASCII);
        assertCode("file_access_failed", () -> packing(noise).download("d", temp.resolve("h2")));
        assertCode("file_not_found", () -> files.download(temp + "/none", temp.resolve("h3")));
    }

    @Test
    void theHostDirectoryMustBeEmptyOrNew() throws IOException {
        Files.writeString(temp.resolve("f"), "mine");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> files.download("d", temp))
                .withMessageContaining("must be empty or new")
                .withMessageContaining(temp.toString());
        assertThatIllegalArgumentException().isThrownBy(() -> files.download("d", temp.resolve("f")));
        assertThatIllegalArgumentException().isThrownBy(() -> files.upload(temp.resolve("f"), "d"));
        assertThatIllegalArgumentException().isThrownBy(() -> files.upload(temp.resolve("none"), "d"));
    }

    @Test
    void aListenerCanStopATransfer() throws IOException {
        Path from = Files.createDirectory(temp.resolve("from"));
        Files.write(from.resolve("big"), new byte[20 << 20]);
        TransferOptions stopping = TransferOptions.builder()
                .listener((count, bytes) -> {
                    throw new IllegalStateException("enough");
                })
                .build();
        assertThatThrownBy(() -> files.upload(from, temp + "/to", stopping)).hasMessage("enough");
        assertThatThrownBy(() -> files.download(from.toString(), temp.resolve("h"), stopping))
                .hasMessage("enough");
    }

    @Test
    void anInterruptedTransferEndsAndKeepsTheFlag() throws Exception {
        Path from = Files.createDirectory(temp.resolve("from"));
        Files.write(from.resolve("big"), new byte[20 << 20]);
        TransferOptions interrupting = TransferOptions.builder()
                .listener((count, bytes) -> Thread.currentThread().interrupt())
                .build();
        for (ThrowingCallable call : List.<ThrowingCallable>of(
                () -> files.upload(from, temp + "/to", interrupting),
                () -> files.download(from.toString(), temp.resolve("host"), interrupting))) {
            assertThatThrownBy(call).isInstanceOf(SandboxInterruptedException.class);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(sandbox.isBusy()).isFalse();
        }
    }

    @Test
    void unreadableHostFilesAreTheHostsFault() throws IOException {
        Path from = Files.createDirectory(temp.resolve("from"));
        for (int i = 0; i < 50; i++) {
            Files.writeString(from.resolve("f" + i), "x".repeat(2000));
        }
        TransferOptions deleting = TransferOptions.builder()
                .listener((count, bytes) -> {
                    if (count == 1) {
                        try (Stream<Path> rest = Files.list(from)) {
                            for (Path path : rest.toList()) {
                                Files.delete(path);
                            }
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    }
                })
                .build();
        assertCode("host_file_failed", () -> files.upload(from, temp + "/to", deleting));
    }
}
