package dev.sandkeeper.fly;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.List;

/** Standard input of one command, handed over in numbered pieces of which some may wait in the guest. */
final class GuestInput extends OutputStream {
    private static final int WAITING = 32;
    private static final String PATIENT = "50";

    private final Guest guest;
    private final String tag;
    private final boolean beats;
    private final byte[] buffer = new byte[5 * Guest.PIECE];
    private int filled;
    private long sent;
    private long taken;
    private boolean ended;

    GuestInput(Guest guest, String tag, boolean beats) {
        this.guest = guest;
        this.tag = tag;
        this.beats = beats;
    }

    /** {@return one that takes nothing} */
    static OutputStream none() {
        return new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                throw new IOException("the command was started without standard input");
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                throw new IOException("the command was started without standard input");
            }
        };
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
        if (ended) {
            throw new IOException("standard input is closed");
        }
        int done = 0;
        while (done < length) {
            if (filled == buffer.length) {
                send(false);
            }
            int part = Math.min(length - done, buffer.length - filled);
            System.arraycopy(bytes, offset + done, buffer, filled, part);
            filled += part;
            done += part;
        }
    }

    @Override
    public synchronized void flush() throws IOException {
        if (filled > 0 && !ended) {
            send(false);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        if (!ended) {
            ended = true;
            send(true);
        }
    }

    private void send(boolean last) throws IOException {
        try {
            int done = 0;
            do {
                while (sent - taken >= WAITING) {
                    feed(Piece.NOTHING, "-");
                }
                Piece piece = Piece.of(buffer, done, filled - done);
                done += piece.length();
                long pieces = piece.length() == 0 ? sent : sent + 1;
                feed(piece, last && done == filled ? Long.toString(pieces) : "-");
                sent = pieces;
            } while (done < filled);
            filled = 0;
        } catch (SandboxInterruptedException e) {
            // the flag is set
            InterruptedIOException interrupted =
                    new InterruptedIOException("interrupted while the command did not read");
            interrupted.initCause(e);
            throw interrupted;
        } catch (SandboxException e) {
            throw new IOException("standard input cannot be handed over", e);
        }
    }

    private void feed(Piece piece, String pieces) throws IOException {
        String text = piece.text();
        Guest.Said said = guest.ask(
                beats,
                text,
                List.of(
                        "feed",
                        tag,
                        Long.toString(sent),
                        Integer.toString(text.length()),
                        pieces,
                        Integer.toString(WAITING),
                        text.isEmpty() && pieces.equals("-") ? PATIENT : "0",
                        piece.compressed() ? "1" : "0"));
        if (!said.word(0).equals("open")) {
            if (text.isEmpty() && !pieces.equals("-")) {
                return; // it has ended before its input did, which is its right
            }
            throw new IOException("the command reads no more");
        }
        try {
            taken = Math.max(taken, Long.parseLong(said.word(1)));
        } catch (NumberFormatException e) {
            throw new IOException("the guest has answered something else than a number", e);
        }
    }
}
