package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Command;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A long output: a file of random bytes, small enough to stay in memory, over and over. What comes out is summed up as it
 * comes and compared.
 */
final class Repeated {
    private static final long LARGEST = 64 << 20;
    private static final String SCRIPT = "i=0; while [ $i -lt $2 ]; do cat \"$1\" || exit; i=$((i+1)); done";

    private final Path file;
    private final long times;
    private final long bytes;

    /** Makes the file. */
    Repeated(Path directory, long wanted) throws IOException {
        long length = Math.min(wanted, LARGEST);
        file = directory.resolve("block");
        Content.write(file, length);
        times = (wanted + length - 1) / length;
        bytes = times * length;
    }

    Path file() {
        return file;
    }

    long bytes() {
        return bytes;
    }

    double megabytesPerSecond(double nanos) {
        return bytes / (nanos / 1e9) / (1 << 20);
    }

    /** What prints it, given where the file is. */
    String[] arguments(String path) {
        return new String[] {"sh", "-c", SCRIPT, "repeat", path, Long.toString(times)};
    }

    Command command(String path) {
        return Command.builder(arguments(path))
                .deadline(Duration.ofMinutes(30))
                .captureLimit(1 << 16)
                .build();
    }

    /** The sum of all of it. */
    Content.Sum sum() throws IOException {
        Content.Sum sum = new Content.Sum();
        for (long i = 0; i < times; i++) {
            try (InputStream in = Files.newInputStream(file)) {
                sum.drain(in);
            }
        }
        return sum;
    }
}
