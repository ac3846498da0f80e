package dev.sandkeeper.internal;

import dev.sandkeeper.spi.OutputSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Keeps so much of a script's output and no more: the start of stdout, the end of stderr. */
class Collected implements OutputSink {
    private static final int STDERR = 4096;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final int most;
    private final byte[] err = new byte[STDERR];
    private int errLength;
    private boolean overflowed;

    Collected(int most) {
        this.most = most;
    }

    @Override
    public void stdout(byte[] buffer, int offset, int length) throws IOException {
        int part = Math.min(length, most - out.size());
        out.write(buffer, offset, part);
        if (part < length) {
            overflowed = true;
            throw new IOException("more than " + most + " bytes");
        }
    }

    @Override
    public synchronized void stderr(byte[] buffer, int offset, int length) {
        int part = Math.min(length, STDERR);
        int keep = Math.min(errLength, STDERR - part);
        System.arraycopy(err, errLength - keep, err, 0, keep);
        System.arraycopy(buffer, offset + length - part, err, keep, part);
        errLength = keep + part;
    }

    /** To be called after the end. */
    byte[] stdout() {
        return out.toByteArray();
    }

    /** To be called after the end. */
    boolean overflowed() {
        return overflowed;
    }

    synchronized String stderr() {
        return new String(err, 0, errLength, StandardCharsets.US_ASCII);
    }
}
