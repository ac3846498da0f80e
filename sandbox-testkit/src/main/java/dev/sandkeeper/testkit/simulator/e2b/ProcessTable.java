package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.RunningCommand;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The processes of one sandbox: those that run, and for 30 seconds those that have ended. Safe from many threads. */
final class ProcessTable {
    private static final long REMEMBERED = Duration.ofSeconds(30).toNanos();
    private static final int FIRST_PID = 500;

    private final Map<Integer, Entry> entries = new ConcurrentSkipListMap<>();
    private final AtomicInteger nextPid = new AtomicInteger(FIRST_PID);

    /** A process. */
    static final class Entry {
        private final int pid;
        private final @Nullable String tag;
        private final ObjectNode config;
        private final RunningCommand command;
        private final boolean terminal;
        private volatile long endedAt;

        private Entry(int pid, @Nullable String tag, ObjectNode config, RunningCommand command, boolean terminal) {
            this.pid = pid;
            this.tag = tag;
            this.config = config;
            this.command = command;
            this.terminal = terminal;
        }

        int pid() {
            return pid;
        }

        RunningCommand command() {
            return command;
        }

        boolean terminal() {
            return terminal;
        }

        boolean runs() {
            return !command.onEnd().isDone();
        }

        private boolean forgotten() {
            return endedAt != 0 && System.nanoTime() - endedAt > REMEMBERED;
        }

        ObjectNode shape() {
            ObjectNode shape = Json.object();
            shape.set("config", config);
            shape.put("pid", pid);
            if (tag != null) {
                shape.put("tag", tag);
            }
            return shape;
        }
    }

    Entry add(@Nullable String tag, ObjectNode config, RunningCommand command, boolean terminal) {
        entries.values().removeIf(Entry::forgotten);
        Entry entry = new Entry(nextPid.incrementAndGet(), tag, config, command, terminal);
        entries.put(entry.pid(), entry);
        return entry;
    }

    /** Tells that one has ended. */
    static void ended(Entry entry) {
        entry.endedAt = System.nanoTime() | 1;
    }

    List<Entry> running() {
        return entries.values().stream().filter(Entry::runs).toList();
    }

    Optional<Entry> byPid(int pid) {
        return Optional.ofNullable(entries.get(pid)).filter(entry -> !entry.forgotten());
    }

    Optional<Entry> byTag(String tag) {
        return entries.values().stream()
                .filter(entry -> tag.equals(entry.tag) && !entry.forgotten())
                .findFirst();
    }
}
