package dev.sandkeeper.testkit.simulator.internal;

import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import java.io.IOException;
import java.io.OutputStream;

/**
 * The body of an answer that is written as it comes: in messages that are flushed one by one, or as a plain stream. Used by one
 * thread at a time. Closing it ends the answer; {@link Exchange#cut} breaks it off.
 */
public final class AnswerStream extends OutputStream {
    /** What of a plain stream goes out before a fault of its middle. */
    private static final int BEGINNING = 1000;

    private final Exchange exchange;
    private final Wire wire;
    private final Alteration alteration;
    private int messages;
    private int sent;
    private long bytes;
    private boolean broken;

    AnswerStream(Exchange exchange, Wire wire, Answer head, Alteration alteration) {
        this.exchange = exchange;
        this.wire = wire;
        this.alteration = alteration;
        if (wire.lostBeforeAnswer()) {
            broken = true;
        } else {
            wire.begin(head);
        }
    }

    /**
     * Sends status and headers now.
     *
     * @throws IOException if the client has gone
     */
    public void open() throws IOException {
        check();
        wire.flushHead();
    }

    /**
     * Sends a message and flushes it. Blocks while the client does not read.
     *
     * @param message the bytes
     * @throws IOException if the client has gone, or a fault has cut the connection
     */
    public void send(byte[] message) throws IOException {
        check();
        for (byte[] each : alteration.message(exchange, messages++, message)) {
            if (wire.has(Kind.CUT) && sent > 0) {
                wire.write(each, 0, each.length / 2);
                breakOff();
            }
            if (wire.has(Kind.STALL) && sent == 1) {
                wire.stall();
            }
            sent++;
            wire.write(each, 0, each.length);
        }
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] buffer, int offset, int length) throws IOException {
        check();
        if (bytes < BEGINNING && bytes + length >= BEGINNING && (wire.has(Kind.CUT) || wire.has(Kind.STALL))) {
            int first = (int) (BEGINNING - bytes);
            wire.write(buffer, offset, first);
            if (wire.has(Kind.CUT)) {
                breakOff();
            }
            wire.stall();
            wire.write(buffer, offset + first, length - first);
        } else {
            wire.write(buffer, offset, length);
        }
        bytes += length;
    }

    /**
     * Whether the client has closed its side. Asked while there is nothing to send.
     *
     * @return true also after a cut
     */
    public boolean clientGone() {
        return broken || wire.clientGone();
    }

    private void breakOff() throws IOException {
        broken = true;
        wire.cut();
        check();
    }

    private void check() throws IOException {
        if (broken) {
            throw new IOException("the connection was cut");
        }
    }

    /** Ends the answer. A fault that has found no middle to cut cuts it before its end. */
    @Override
    public void close() {
        if (broken) {
            return;
        }
        broken = true;
        if (wire.has(Kind.CUT)) {
            wire.cut();
        } else {
            wire.end();
        }
    }

    /** Breaks the answer off: closes the connection without its end. */
    public void abort() {
        broken = true;
        exchange.cut();
    }
}
