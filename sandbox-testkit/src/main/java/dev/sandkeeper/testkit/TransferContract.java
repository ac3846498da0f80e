package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.Command;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.TransferListener;
import dev.sandkeeper.TransferOptions;
import dev.sandkeeper.TransferReport;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.internal.Bulk;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is big goes up and down as a stream: a file of a gigabyte and a tree of 10,000 files, with every checksum right, the
 * progress told, and no more of it on the heap than a buffer. Takes half a minute to a minute, 3 GB of disk for a while, and
 * a sandbox with {@code sh}, {@code find}, {@code sort} and {@code sha256sum}.
 */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
public abstract class TransferContract {
    private static final long GIGABYTE = 1L << 30;
    /** Of the first gigabyte of {@link Bulk.Content}, which is always the same. */
    private static final String SHA_OF_THE_GIGABYTE =
            "bff59cf1325df794a61b38d81460a8b996552d640b2cda66310cdbf88005c790";

    private static final int FILES = 10_000;
    private static final int IN_A_DIRECTORY = 100;
    private static final Duration DEADLINE = Duration.ofMinutes(5);

    @TempDir
    Path directory;

    private SandboxManager manager;

    /** For subclasses, which JUnit makes anew for each test. */
    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else.
    protected TransferContract() {}

    /**
     * Makes the backend.
     *
     * @return a new backend
     */
    protected abstract SandboxBackend backend();

    /**
     * What the sandboxes are made from.
     *
     * @return the spec
     */
    protected abstract SandboxSpec spec();

    @BeforeEach
    final void start() throws IOException {
        long free = Files.getFileStore(directory).getUsableSpace();
        assertThat(free)
                .as("free bytes for scratch files in %s: set java.io.tmpdir to where there is more", directory)
                .isGreaterThan(3 * GIGABYTE);
        manager = SandboxManager.builder()
                .backend(backend())
                .store(SandboxStore.inMemory())
                .build();
    }

    @AfterEach
    final void stop() {
        manager.close();
    }

    private static String ask(Sandbox sandbox, String script) {
        return sandbox.exec(
                        Command.builder("sh", "-c", script).deadline(DEADLINE).build())
                .orThrow()
                .stdout();
    }

    @Test
    final void aFileOfAGigabyteGoesUpAndDownWithItsDirectory() throws IOException {
        Bulk.Heap heap = new Bulk.Heap();
        Bulk.Content content = new Bulk.Content(GIGABYTE, heap);
        Path file = Files.createDirectory(directory.resolve("up")).resolve("big");
        Files.copy(content, file);
        try (Sandbox sandbox = manager.create(spec())) {
            Progress up = new Progress(heap);
            TransferReport sent = sandbox.files().upload(directory.resolve("up"), "big", up.options());
            assertThat(sent.bytes()).isEqualTo(GIGABYTE);
            up.assertToldOf(1, GIGABYTE);
            Files.delete(file);
            assertThat(ask(sandbox, "sha256sum big/big")).startsWith(SHA_OF_THE_GIGABYTE + " ");

            Progress down = new Progress(heap);
            TransferReport fetched = sandbox.files().download("big", directory.resolve("down"), down.options());
            assertThat(fetched.bytes()).isEqualTo(GIGABYTE);
            down.assertToldOf(1, GIGABYTE);
            try (InputStream in = Files.newInputStream(directory.resolve("down/big"))) {
                assertThat(Bulk.crc(in, heap)).isEqualTo(content.crc());
            }
            heap.assertSmall();
        }
    }

    @Test
    final void aFileIsWrittenAndReadAsAStream() throws IOException {
        try (Sandbox sandbox = manager.create(spec())) {
            Bulk.Heap heap = new Bulk.Heap();
            Bulk.Content content = new Bulk.Content(GIGABYTE / 4, heap);
            sandbox.files().write("big", content);
            try (InputStream in = sandbox.files().open("big")) {
                assertThat(Bulk.crc(in, heap)).isEqualTo(content.crc());
            }
            heap.assertSmall();
        }
    }

    @Test
    final void aTreeOfTenThousandFilesGoesUpAndDown() throws IOException {
        Map<String, String> sums = new TreeMap<>();
        long bytes = makeTree(directory.resolve("tree"), sums);
        try (Sandbox sandbox = manager.create(spec())) {
            Bulk.Heap heap = new Bulk.Heap();
            Progress up = new Progress(heap);
            TransferReport sent = sandbox.files().upload(directory.resolve("tree"), "tree", up.options());
            assertThat(sent.files()).isEqualTo(FILES);
            assertThat(sent.bytes()).isEqualTo(bytes);
            assertThat(sent.skipped()).isZero();
            up.assertToldOf(FILES, bytes);
            StringBuilder expected = new StringBuilder();
            sums.forEach((name, sum) ->
                    expected.append(sum).append("  ./").append(name).append('\n'));
            assertThat(ask(sandbox, "cd tree; find . -type f -exec sha256sum {} + | LC_ALL=C sort -k 2 | sha256sum"))
                    .as("checksum of the checksums in the sandbox")
                    .startsWith(Bulk.sum(expected.toString().getBytes(StandardCharsets.US_ASCII)) + " ");

            Progress down = new Progress(heap);
            TransferReport fetched = sandbox.files().download("tree", directory.resolve("back"), down.options());
            assertThat(fetched.files()).isEqualTo(FILES);
            assertThat(fetched.directories()).isEqualTo(FILES / IN_A_DIRECTORY);
            assertThat(fetched.skipped()).isZero();
            down.assertToldOf(FILES, bytes);
            for (Map.Entry<String, String> file : sums.entrySet()) {
                assertThat(Bulk.sum(Files.readAllBytes(directory.resolve("back").resolve(file.getKey()))))
                        .as(file.getKey())
                        .isEqualTo(file.getValue());
            }
            heap.assertSmall();
        }
    }

    /** Sizes from nothing to 4 KB. */
    private static long makeTree(Path root, Map<String, String> sums) throws IOException {
        long bytes = 0;
        for (int i = 0; i < FILES; i++) {
            String name = "d" + i / IN_A_DIRECTORY + "/f" + i;
            byte[] content = Bulk.bytes(i * 37 % 4097, i);
            Path file = root.resolve(name);
            if (i % IN_A_DIRECTORY == 0) {
                Files.createDirectories(root.resolve("d" + i / IN_A_DIRECTORY));
            }
            try (OutputStream out = Files.newOutputStream(file)) {
                out.write(content);
            }
            sums.put(name, Bulk.sum(content));
            bytes += content.length;
        }
        return bytes;
    }

    /** Insists that it hears of progress, and looks at the heap as it does. */
    private static final class Progress implements TransferListener {
        private static final long STEP = 1 << 20;

        private final Bulk.Heap heap;
        private long files;
        private long bytes;
        private long largestStep;

        Progress(Bulk.Heap heap) {
            this.heap = heap;
        }

        TransferOptions options() {
            return TransferOptions.builder().listener(this).build();
        }

        @Override
        public void progressed(long filesNow, long bytesNow) {
            assertThat(filesNow).isGreaterThanOrEqualTo(files);
            assertThat(bytesNow).isGreaterThanOrEqualTo(bytes);
            largestStep = Math.max(largestStep, bytesNow - bytes);
            files = filesNow;
            bytes = bytesNow;
            heap.moved(bytesNow);
        }

        void assertToldOf(long allFiles, long allBytes) {
            assertThat(files).as("files that were told of").isEqualTo(allFiles);
            assertThat(bytes).as("bytes that were told of").isEqualTo(allBytes);
            assertThat(largestStep)
                    .as("the most bytes from one progress to the next")
                    .isLessThanOrEqualTo(2 * STEP);
        }
    }
}
