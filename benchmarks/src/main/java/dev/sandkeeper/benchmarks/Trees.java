package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Sandbox;
import dev.sandkeeper.TransferOptions;
import dev.sandkeeper.TransferReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/** A tree of small files up and down, by us and by {@code docker cp}, in turns. What is compared is not timed. */
final class Trees {
    private static final int IN_A_DIRECTORY = 100;
    private static final int SIZE = 1024;
    private static final String TREE = ", tree";

    private final int count;
    private final Path source;
    private final Path target;
    private final Sandbox sandbox;
    private final String container;

    Trees(int count, Path directory, Sandbox sandbox, String container) {
        this.count = count;
        this.source = directory.resolve("tree");
        this.target = directory.resolve("tree-back");
        this.sandbox = sandbox;
        this.container = container;
    }

    int count() {
        return count;
    }

    void prepare() throws IOException {
        for (int i = 0; i < count; i++) {
            Path file = file(source, i);
            Files.createDirectories(file.getParent());
            Files.write(file, Content.random(SIZE, i));
        }
    }

    private static Path file(Path root, int i) {
        return root.resolve("d" + i / IN_A_DIRECTORY).resolve("f" + i);
    }

    void round(Timings timings) throws Exception {
        AtomicLong told = new AtomicLong();
        TransferOptions options = TransferOptions.builder()
                .maxEntries(2L * count)
                .listener((files, bytes) -> told.set(files))
                .build();
        long started = System.nanoTime();
        TransferReport up = sandbox.files().upload(source, "tree", options);
        timings.of(Ours.NAME + TREE + FilesBench.UP).add(System.nanoTime() - started);
        started = System.nanoTime();
        TransferReport down = sandbox.files().download("tree", target, options);
        timings.of(Ours.NAME + TREE + FilesBench.DOWN).add(System.nanoTime() - started);
        if (up.files() != count || down.files() != count || told.get() != count) {
            throw new IllegalStateException(
                    "wanted " + count + " files, got up " + up + ", down " + down + ", told of " + told);
        }
        requireSame(target);
        sandbox.files().removeAll("tree");

        String inside = container + ":/workspace/tree";
        started = System.nanoTime();
        Cli.must("cp", source.toString(), inside);
        timings.of(FilesBench.CLI + TREE + FilesBench.UP).add(System.nanoTime() - started);
        started = System.nanoTime();
        Cli.must("cp", inside, target.toString());
        timings.of(FilesBench.CLI + TREE + FilesBench.DOWN).add(System.nanoTime() - started);
        requireSame(target);
        Cli.must("exec", "--user", "0", container, "rm", "-rf", "/workspace/tree");
    }

    /** All that was sent came back, and goes again. */
    private void requireSame(Path tree) throws IOException {
        for (int i = 0; i < count; i++) {
            FilesBench.require(Content.random(SIZE, i), Files.readAllBytes(file(tree, i)));
        }
        Scratch.remove(tree);
    }
}
