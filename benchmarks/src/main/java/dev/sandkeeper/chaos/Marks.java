package dev.sandkeeper.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Which phases a host is in: counters in a file that is mapped into memory, so that they outlive a host that is killed just as
 * they were at that moment. Safe from many threads, and from two JVMs.
 */
final class Marks {
    private static final VarHandle COUNTERS =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final int OF_EACH = 2 * Long.BYTES;

    /** What is done as soon as a host has entered a phase for the given time. */
    interface Signal {
        void send();
    }

    private final ByteBuffer memory;
    private @Nullable Phase target;
    private Signal signal = () -> {};
    private int wanted;

    /** Maps the file, which is made and emptied for a new host. */
    Marks(Path file) {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, (long) OF_EACH * Phase.values().length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Before anything is marked: sends the signal when the phase is entered for this time, counted from 1. */
    void aim(Phase phase, int time, Signal what) {
        target = phase;
        wanted = time;
        signal = what;
    }

    <T> T in(Phase phase, Callable<T> work) throws Exception {
        enter(phase);
        long started = System.nanoTime();
        try {
            return work.call();
        } finally {
            COUNTERS.setVolatile(memory, took(phase), System.nanoTime() - started);
            COUNTERS.getAndAdd(memory, counter(phase), -1L);
        }
    }

    private void enter(Phase phase) {
        COUNTERS.getAndAdd(memory, counter(phase), 1L);
        if (phase != target) {
            return;
        }
        boolean now;
        synchronized (this) {
            now = --wanted == 0;
        }
        if (now) {
            signal.send();
        }
    }

    /** The phases that are, or at the host's end were, under way. */
    Set<Phase> underWay() {
        Set<Phase> phases = EnumSet.noneOf(Phase.class);
        for (Phase phase : Phase.values()) {
            if ((long) COUNTERS.getVolatile(memory, counter(phase)) > 0) {
                phases.add(phase);
            }
        }
        return phases;
    }

    /** A random time within what the phase took last; zero if it was not yet left. */
    long randomNanosWithin(Phase phase) {
        long last = (long) COUNTERS.getVolatile(memory, took(phase));
        return last <= 0 ? 0 : ThreadLocalRandom.current().nextLong(last);
    }

    private static int counter(Phase phase) {
        return phase.place() * OF_EACH;
    }

    private static int took(Phase phase) {
        return counter(phase) + Long.BYTES;
    }
}
