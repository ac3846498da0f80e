package dev.sandkeeper.docker;

import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.MarkScanner;
import dev.sandkeeper.internal.OutputParts;
import dev.sandkeeper.internal.Words;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/** The connection to one running guard.sh. Used by one thread at a time. Closing it ends every command registered there. */
final class GuardLink implements Closeable {
    private static final Duration WRITE = Duration.ofSeconds(10);
    private static final int LONGEST_COMPLAINT = 4096;

    private final HijackedStream stream;
    private final MarkScanner scanner;
    private final Deque<String> records = new ArrayDeque<>();
    private final StringBuilder complaint = new StringBuilder();
    private long count;
    private boolean ended;

    /** What guard.sh says of the sandbox as it starts. */
    record Hello(int uid, int gid, boolean ownsWorkspace, String shell, String sleep) {
        static Hello parse(String record) throws IOException {
            List<String> words = Words.of(record);
            try {
                return new Hello(
                        Integer.parseInt(words.get(1)),
                        Integer.parseInt(words.get(2)),
                        words.get(3).equals("yes"),
                        words.get(4),
                        words.get(5));
            } catch (IndexOutOfBoundsException | NumberFormatException e) {
                throw new IOException("the shell in the sandbox gave a malformed answer", e);
            }
        }
    }

    /**
     * A link to a shell that has just been started.
     *
     * @param parted told the tag of each command that the shell has parted with
     */
    GuardLink(HijackedStream stream, String tag, Consumer<String> parted) throws IOException {
        this.stream = stream;
        this.scanner = new MarkScanner(tag, true, record -> {
            if (record.startsWith("F ")) {
                parted.accept(record.substring(2));
            } else {
                records.add(record);
            }
        });
        send(tag);
    }

    /** Waits for the first record. */
    Hello hello(Deadline deadline) throws IOException, InterruptedException {
        return Hello.parse(record(deadline));
    }

    /** What came from it that is no record: the engine's words when it could not start it. */
    String complaint() {
        return complaint.toString().strip();
    }

    /** Sends an operation that is not answered. */
    void tell(String operation) throws IOException {
        send(operation);
    }

    /** Sends an operation with a fresh number and waits for the count that answers it. */
    int ask(String operation, String arguments, Deadline deadline) throws IOException, InterruptedException {
        String number = Long.toString(++count);
        send(operation + " " + number + " " + arguments);
        while (true) {
            List<String> words = Words.of(record(deadline));
            // an answer to somebody who was interrupted while waiting for it is skipped
            if (words.size() == 3 && words.get(0).equals("A") && words.get(1).equals(number)) {
                try {
                    return Integer.parseInt(words.get(2));
                } catch (NumberFormatException e) {
                    throw new IOException("the shell in the sandbox gave a malformed answer", e);
                }
            }
        }
    }

    /** Whether it still runs, as far as is known without asking. */
    boolean alive() throws InterruptedException {
        try {
            while (!ended && read(Deadline.in(Duration.ZERO)) != OutputParts.Part.NOTHING) {
                records.clear();
            }
        } catch (IOException e) {
            ended = true;
        }
        return !ended;
    }

    private String record(Deadline deadline) throws IOException, InterruptedException {
        while (records.isEmpty()) {
            OutputParts.Part part = read(deadline);
            if (part == OutputParts.Part.END) {
                throw new EOFException("the shell in the sandbox ended");
            }
            if (part == OutputParts.Part.NOTHING && deadline.passed()) {
                throw new SocketTimeoutException("the shell in the sandbox did not answer in time");
            }
        }
        return records.remove();
    }

    private OutputParts.Part read(Deadline deadline) throws IOException, InterruptedException {
        OutputParts.Part part = stream.next(deadline);
        switch (part) {
            case STDOUT -> scanner.accept(stream.buffer(), stream.start(), stream.length(), this::complain);
            case STDERR -> complain(stream.buffer(), stream.start(), stream.length());
            case END -> ended = true;
            case NOTHING -> {}
        }
        return part;
    }

    private void complain(byte[] buffer, int offset, int length) {
        int room = Math.min(length, LONGEST_COMPLAINT - complaint.length());
        if (room > 0) {
            complaint.append(new String(buffer, offset, room, StandardCharsets.UTF_8));
        }
    }

    /** Not interruptible: half a line would join the next one, and giving the connection up would end commands. */
    private void send(String line) throws IOException {
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.US_ASCII);
        boolean interrupted = Thread.interrupted();
        try {
            stream.write(bytes, 0, bytes.length, Deadline.in(WRITE));
        } catch (InterruptedException e) {
            interrupted = true;
            ended = true;
            throw new IOException("interrupted while telling the shell in the sandbox", e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        ended = true;
        stream.close();
    }
}
