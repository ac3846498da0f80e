package dev.sandkeeper.testkit.simulator.internal;

import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** The beginning of a body that goes past, where somebody wants to see it. */
final class Kept {
    private final boolean wanted;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Kept(boolean wanted) {
        this.wanted = wanted;
    }

    synchronized void add(byte[] buffer, int offset, int length) {
        if (wanted) {
            bytes.write(buffer, offset, Math.min(length, SimulatorTraffic.KEPT_BYTES - bytes.size()));
        }
    }

    synchronized byte[] bytes() {
        return bytes.toByteArray();
    }

    InputStream copying(InputStream in) {
        return wanted ? new Copying(in) : in;
    }

    private final class Copying extends FilterInputStream {
        Copying(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int value = super.read();
            if (value >= 0) {
                add(new byte[] {(byte) value}, 0, 1);
            }
            return value;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int read = super.read(buffer, offset, length);
            if (read > 0) {
                add(buffer, offset, read);
            }
            return read;
        }
    }
}
