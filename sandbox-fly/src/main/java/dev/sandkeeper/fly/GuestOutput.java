package dev.sandkeeper.fly;

import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.OutputParts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The output of one command, fetched from the guest by offset, so that nothing is lost with an answer. While something comes
 * it is asked again at once, and the guest waits a little for more; when nothing has come for a while it is asked less and
 * less often, and keeps no connection busy meanwhile.
 */
final class GuestOutput implements OutputParts {
    private static final byte[] NOTHING = {};
    private static final String MOST = Integer.toString(512 * 1024);
    /** Times that the guest looks again before it answers that there is nothing: about a second. */
    private static final int PATIENT = 22;

    private static final int PATIENT_ROUNDS = 3;
    private static final long FIRST_PAUSE = 250_000_000;
    private static final long LONGEST_PAUSE = 2_000_000_000;
    private static final int LITTLE = 64 * 1024;
    /** What stands before characters that travel as they are, but for {@link #MARK}. */
    private static final String PLAIN = "plain";

    private static final char MARK = '\1';

    private final Guest guest;
    private final String tag;
    private final boolean beats;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Position out = new Position(0, 0);
    private Position err = new Position(0, 0);
    private byte[] stdout = NOTHING;
    private byte[] stderr = NOTHING;
    private byte[] current = NOTHING;
    private String state = "starting";
    private int quiet;
    private boolean hurried;
    private boolean closed;

    private record Position(long part, long offset) {}

    GuestOutput(Guest guest, String tag, boolean beats) {
        this.guest = guest;
        this.tag = tag;
        this.beats = beats;
    }

    /** {@return the arguments of a first look, which goes with the start} */
    List<String> firstLook(boolean patient) {
        return List.of("0", "0", "0", "0", MOST, patient ? "12" : "0");
    }

    /** Takes what the guest has said. */
    void take(Guest.Said said) throws IOException {
        String[] lines = said.out().split("\n", 3);
        state = lines[0].strip();
        if (state.equals("none")) {
            return;
        }
        String[] errors = said.err().split("\n", 2);
        if (lines.length < 2) {
            throw new IOException("the guest has answered too little");
        }
        Position nextOut = position(lines[1]);
        Position nextErr = position(errors[0]);
        stdout = bytes(lines[1], nextOut, lines.length > 2 ? lines[2] : "");
        stderr = bytes(errors[0], nextErr, errors.length > 1 ? errors[1] : "");
        out = nextOut;
        err = nextErr;
        quiet = stdout.length == 0 && stderr.length == 0 ? quiet + 1 : 0;
    }

    private static Position position(String line) throws IOException {
        String[] words = line.strip().split(" ", -1);
        try {
            if (words.length == 2 || (words.length == 3 && words[2].equals(PLAIN))) {
                return new Position(Long.parseLong(words[0]), Long.parseLong(words[1]));
            }
        } catch (NumberFormatException e) {
            throw new IOException("the guest has answered something else than a position", e);
        }
        throw new IOException("the guest has answered something else than a position");
    }

    private static byte[] bytes(String line, Position end, String text) throws IOException {
        return line.strip().endsWith(PLAIN) ? plain(text, end.offset()) : decoded(text);
    }

    /** All of a stream, with a full stop behind it, so that nothing at its end may be taken for a blank. */
    private static byte[] plain(String text, long length) throws IOException {
        if (text.length() <= length || text.charAt((int) length) != '.') {
            throw new IOException("the guest has answered less than it says");
        }
        return text.substring(0, (int) length).replace('~', MARK).getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] decoded(String text) throws IOException {
        try {
            return Base64.getMimeDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new IOException("the guest has answered something else than base64", e);
        }
    }

    @Override
    public Part next(Deadline deadline) throws IOException, InterruptedException {
        if (stdout.length == 0 && stderr.length == 0) {
            if (isClosed()) {
                return Part.END;
            }
            rest(deadline);
            look();
        }
        if (stdout.length > 0) {
            current = stdout;
            stdout = NOTHING;
            return Part.STDOUT;
        }
        if (stderr.length > 0) {
            current = stderr;
            stderr = NOTHING;
            return Part.STDERR;
        }
        return state.equals("none") || state.equals("lost") ? Part.END : Part.NOTHING;
    }

    private void look() throws IOException {
        take(guest.ask(
                beats,
                "",
                List.of(
                        "poll",
                        tag,
                        Long.toString(out.part()),
                        Long.toString(out.offset()),
                        Long.toString(err.part()),
                        Long.toString(err.offset()),
                        MOST,
                        Integer.toString(quiet < PATIENT_ROUNDS || isHurried() ? PATIENT : 0))));
    }

    /** Waits before a command is asked after that has said nothing for some time. */
    private void rest(Deadline deadline) throws InterruptedException {
        if (quiet < PATIENT_ROUNDS) {
            return;
        }
        long pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE << Math.min(quiet - PATIENT_ROUNDS, 4));
        lock.lockInterruptibly();
        try {
            long left = Math.min(pause, deadline.left());
            while (left > 0 && !hurried && !closed) {
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether so little has been printed that what the guest keeps of it may wait for other things to be removed} */
    boolean isLittle() {
        return out.part() == 0 && err.part() == 0 && out.offset() <= LITTLE && err.offset() <= LITTLE;
    }

    /** It is about to end: do not wait before it is asked. */
    void hurry() {
        lock.lock();
        try {
            hurried = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean isHurried() {
        lock.lock();
        try {
            return hurried;
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether the guest has lost the command: what watched over it was killed} */
    boolean isLost() {
        return state.equals("lost") || state.equals("none");
    }

    @Override
    public byte[] buffer() {
        return current;
    }

    @Override
    public int start() {
        return 0;
    }

    @Override
    public int length() {
        return current.length;
    }
}
