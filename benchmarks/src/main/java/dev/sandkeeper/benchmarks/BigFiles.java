package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Sandbox;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** One big file up and down, by us and by {@code docker cp}, in turns. What is compared is not timed. */
final class BigFiles {
    private final long length;
    private final Path source;
    private final Path target;
    private final Sandbox sandbox;
    private final String container;
    private String sum = "";
    private int rounds;

    BigFiles(long length, Path directory, Sandbox sandbox, String container) {
        this.length = length;
        this.source = directory.resolve("source");
        this.target = directory.resolve("target");
        this.sandbox = sandbox;
        this.container = container;
    }

    void prepare() throws IOException {
        Content.write(source, length);
        sum = Content.sha256(source);
    }

    /** Who begins changes from round to round: the second one finds warmer caches. */
    void round(Timings timings) throws Exception {
        if (rounds++ % 2 == 0) {
            ours(timings);
            theirs(timings);
        } else {
            theirs(timings);
            ours(timings);
        }
    }

    private void ours(Timings timings) throws IOException {
        long started = System.nanoTime();
        sandbox.files().write("big", source);
        timings.of(Ours.NAME + FilesBench.UP).add(System.nanoTime() - started);
        requireSum(sandbox.exec("sha256sum", "big").orThrow().stdout());
        started = System.nanoTime();
        try (InputStream in = sandbox.files().open("big")) {
            Files.copy(in, target, StandardCopyOption.REPLACE_EXISTING);
        }
        timings.of(Ours.NAME + FilesBench.DOWN).add(System.nanoTime() - started);
        requireSum(Content.sha256(target));
        Files.delete(target);
        sandbox.files().remove("big");
    }

    private void theirs(Timings timings) throws IOException, InterruptedException {
        String inside = container + ":/workspace/big";
        long started = System.nanoTime();
        Cli.must("cp", source.toString(), inside);
        timings.of(FilesBench.CLI + FilesBench.UP).add(System.nanoTime() - started);
        requireSum(Cli.must("exec", container, "sha256sum", "/workspace/big"));
        started = System.nanoTime();
        Cli.must("cp", inside, target.toString());
        timings.of(FilesBench.CLI + FilesBench.DOWN).add(System.nanoTime() - started);
        requireSum(Content.sha256(target));
        Files.delete(target);
        Cli.must("exec", "--user", "0", container, "rm", "-f", "/workspace/big");
    }

    private void requireSum(String line) {
        if (!line.startsWith(sum)) {
            throw new IllegalStateException("the file has changed on its way: wanted " + sum + ", got " + line);
        }
    }
}
