package dev.sandkeeper.daytona;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Deadline;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import okio.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * What a command has told so far. Its lines may come twice, when its log is read again from the beginning: each stream's are
 * numbered, and what has been taken is passed over. Safe from many threads.
 */
final class CommandState {
    /** A little output, or where more of it is. */
    record Piece(char stream, ByteString bytes, long segment, int size) {
        boolean isInline() {
            return size == 0;
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Stream out = new Stream('o');
    private final Stream err = new Stream('e');
    private boolean errNext;
    private int pid;
    private long acknowledged;
    private boolean deaf;
    private boolean timedOut;
    private boolean hostLost;
    private boolean outputLost;
    private @Nullable String notStarted;
    private int exitCode = -1;
    private boolean leftBehind;
    private @Nullable SandboxException fault;

    private static final class Stream {
        private final char letter;
        private final Deque<Piece> pieces = new ArrayDeque<>();
        private long expected;
        private long announced = -1;

        Stream(char letter) {
            this.letter = letter;
        }

        void add(Piece piece) {
            Piece last = pieces.peekLast();
            if (last != null && !last.isInline() && !piece.isInline() && last.segment() == piece.segment()) {
                // it holds what the one before told of, too
                pieces.removeLast();
            }
            pieces.add(piece);
        }
    }

    /**
     * Takes a line of the command's.
     *
     * @param words what follows its tag
     * @throws IllegalArgumentException if it is none that the script prints
     */
    void accept(List<String> words) {
        lock.lock();
        try {
            String argument = words.size() > 1 ? words.get(1) : "";
            switch (words.get(0)) {
                case "o" -> output(out, words);
                case "e" -> output(err, words);
                case "P" -> pid = Integer.parseInt(argument);
                case "a" -> acknowledged = Math.max(acknowledged, Long.parseLong(argument));
                case "q" -> deaf = true;
                case "T" -> timedOut = true;
                case "H" -> hostLost = true;
                case "L" -> outputLost = true;
                case "E" -> notStarted = argument;
                case "X" -> {
                    if (words.size() < 5) {
                        throw new IllegalArgumentException("a last word that is too short");
                    }
                    leftBehind = !words.get(2).equals("0");
                    out.announced = Long.parseLong(words.get(3));
                    err.announced = Long.parseLong(words.get(4));
                    exitCode = Integer.parseInt(argument) & 0xff;
                    deaf = true;
                }
                default -> throw new IllegalArgumentException("a line that is none of ours");
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void output(Stream stream, List<String> words) {
        long number = Long.parseLong(words.get(1));
        if (number < stream.expected) {
            return;
        }
        if (number > stream.expected) {
            outputLost = true;
        }
        if (words.get(2).equals("=")) {
            stream.add(new Piece(stream.letter, decoded(words.get(3)), 0, 0));
        } else {
            stream.add(new Piece(
                    stream.letter, ByteString.EMPTY, Long.parseLong(words.get(3)), Integer.parseInt(words.get(4))));
        }
        stream.expected = number + 1;
    }

    private static ByteString decoded(String base64) {
        ByteString bytes = ByteString.decodeBase64(base64);
        if (bytes == null) {
            throw new IllegalArgumentException("output that is no base64");
        }
        return bytes;
    }

    /** Nothing more will be told, and why. */
    void fail(SandboxException reason) {
        lock.lock();
        try {
            if (fault == null && exitCode < 0) {
                fault = reason;
                deaf = true;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** It was killed from here, together with the script that would have told so. */
    void killed() {
        lock.lock();
        try {
            if (exitCode < 0) {
                exitCode = 128 + 9;
                fault = null;
                deaf = true;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for output, taking from both streams in turn.
     *
     * @return the next piece; null if there is none in time, or there will be none
     */
    @Nullable
    Piece next(Deadline deadline) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (out.pieces.isEmpty() && err.pieces.isEmpty() && !over() && !deadline.passed()) {
                changed.awaitNanos(deadline.left());
            }
            boolean fromErr = !err.pieces.isEmpty() && (errNext || out.pieces.isEmpty());
            errNext = !fromErr;
            return (fromErr ? err : out).pieces.poll();
        } finally {
            lock.unlock();
        }
    }

    private boolean over() {
        return exitCode >= 0 || fault != null;
    }

    /** Whether nothing more will be told. */
    boolean isOver() {
        lock.lock();
        try {
            return over();
        } finally {
            lock.unlock();
        }
    }

    boolean awaitOver(Deadline deadline) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!over() && !deadline.passed()) {
                changed.awaitNanos(deadline.left());
            }
            return over();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until the command has taken a piece of its input.
     *
     * @return false if it has not in time, or takes no more
     */
    boolean awaitTaken(long number, Deadline deadline) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (acknowledged < number && !deaf && !deadline.passed()) {
                changed.awaitNanos(deadline.left());
            }
            return acknowledged >= number;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the command takes no more input, because it has had the end of it or has ended itself. */
    boolean awaitDeaf(Deadline deadline) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!deaf && !deadline.passed()) {
                changed.awaitNanos(deadline.left());
            }
            return deaf;
        } finally {
            lock.unlock();
        }
    }

    boolean isDeaf() {
        lock.lock();
        try {
            return deaf;
        } finally {
            lock.unlock();
        }
    }

    /** The pid of its first process; 0 if it has not told. */
    int pid() {
        lock.lock();
        try {
            return pid;
        } finally {
            lock.unlock();
        }
    }

    /** The exit code; -1 if it has none. */
    int exitCode() {
        lock.lock();
        try {
            return exitCode;
        } finally {
            lock.unlock();
        }
    }

    boolean timedOut() {
        lock.lock();
        try {
            return timedOut;
        } finally {
            lock.unlock();
        }
    }

    /** Whether it was ended because nothing had been heard of this host. */
    boolean hostLost() {
        lock.lock();
        try {
            return hostLost;
        } finally {
            lock.unlock();
        }
    }

    /** Whether something of its output never came. */
    boolean outputLost() {
        lock.lock();
        try {
            return outputLost || out.expected < out.announced || err.expected < err.announced;
        } finally {
            lock.unlock();
        }
    }

    /** Whether something of it runs, or may run, although its main process has ended. */
    boolean leftBehind() {
        lock.lock();
        try {
            return leftBehind;
        } finally {
            lock.unlock();
        }
    }

    /** Why it did not start: a word of the script; null if it did. */
    @Nullable
    String notStarted() {
        lock.lock();
        try {
            return notStarted;
        } finally {
            lock.unlock();
        }
    }

    @Nullable
    SandboxException fault() {
        lock.lock();
        try {
            return fault;
        } finally {
            lock.unlock();
        }
    }
}
