package dev.sandkeeper.cleanup;

import dev.sandkeeper.MemorySize;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Keeps named files of each sandbox before it is destroyed: packs them as one tar archive inside the sandbox and hands that
 * to the host. What came of it is in the archive's audit trail, as {@code exported} or {@code not_exported}. Immutable.
 *
 * <p>A sandbox whose resource is gone already, or that was exported by an earlier attempt, is not exported. One that is
 * paused is resumed for it. The archive has ordinary files and directories, and no links.
 */
public final class BeforeDestroy {
    private final List<String> paths;
    private final ExportSink sink;
    private final MemorySize atMost;
    private final Duration timeout;
    private final boolean keepOnFailure;

    private BeforeDestroy(Builder b, ExportSink sink) {
        this.paths = b.paths;
        this.sink = sink;
        this.atMost = b.atMost;
        this.timeout = b.timeout;
        this.keepOnFailure = b.keepOnFailure;
    }

    /**
     * Begins.
     *
     * @param paths files and directories, relative to the workspace or absolute; those that a sandbox does not have are left
     *     out
     * @return a new builder, which needs a sink
     */
    public static Builder export(String... paths) {
        return new Builder(List.of(paths));
    }

    List<String> paths() {
        return paths;
    }

    ExportSink sink() {
        return sink;
    }

    MemorySize atMost() {
        return atMost;
    }

    Duration timeout() {
        return timeout;
    }

    boolean keepOnFailure() {
        return keepOnFailure;
    }

    /** Collects what to keep. Not thread-safe. */
    public static final class Builder {
        private final List<String> paths;
        private @Nullable ExportSink sink;
        private MemorySize atMost = MemorySize.megabytes(100);
        private Duration timeout = Duration.ofMinutes(1);
        private boolean keepOnFailure;

        private Builder(List<String> paths) {
            if (paths.isEmpty()
                    || paths.stream().anyMatch(path -> path.replace("/", "").isEmpty() || path.indexOf('\0') >= 0)) {
                throw new IllegalArgumentException("export needs at least one path, and none may be empty: " + paths);
            }
            this.paths = paths;
        }

        /**
         * Sets where the archives go.
         *
         * @param target the sink
         * @return this builder
         */
        public Builder to(ExportSink target) {
            sink = Objects.requireNonNull(target, "sink");
            return this;
        }

        /**
         * Bounds an archive; a bigger one fails.
         *
         * @param size default 100 MB
         * @return this builder
         */
        public Builder atMost(MemorySize size) {
            atMost = Objects.requireNonNull(size, "atMost");
            return this;
        }

        /**
         * Bounds the time of one export, the sink's included.
         *
         * @param time default 1 minute; from 1 second to 1 hour
         * @return this builder
         */
        public Builder timeout(Duration time) {
            if (time.compareTo(Duration.ofSeconds(1)) < 0 || time.compareTo(Duration.ofHours(1)) > 0) {
                throw new IllegalArgumentException("timeout must be from 1 second to 1 hour: " + time);
            }
            timeout = time;
            return this;
        }

        /**
         * Keeps a sandbox whose export fails: its cleaning counts as failed and is tried again with backoff, for ever. By
         * default it is destroyed all the same, and the failure is recorded.
         *
         * @return this builder
         */
        public Builder keepOnFailure() {
            keepOnFailure = true;
            return this;
        }

        /**
         * Finishes it.
         *
         * @return what is kept before a sandbox is destroyed
         * @throws IllegalStateException if there is no sink
         */
        public BeforeDestroy build() {
            ExportSink chosen = sink;
            if (chosen == null) {
                throw new IllegalStateException(
                        "BeforeDestroy needs a sink: to(ExportSink.directory(Path.of(\"exports\")))");
            }
            return new BeforeDestroy(this, chosen);
        }
    }
}
