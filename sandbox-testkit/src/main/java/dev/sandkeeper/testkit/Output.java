package dev.sandkeeper.testkit;

import dev.sandkeeper.spi.OutputSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Keeps what a command prints. Tests of slow or failing sinks override its methods. */
class Output implements OutputSink {
    private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();

    @Override
    public void stdout(byte[] buffer, int offset, int length) throws IOException {
        add(stdout, buffer, offset, length);
    }

    @Override
    public void stderr(byte[] buffer, int offset, int length) throws IOException {
        add(stderr, buffer, offset, length);
    }

    private static void add(ByteArrayOutputStream stream, byte[] buffer, int offset, int length) {
        if (length <= 0) {
            throw new AssertionError("a sink is never given " + length + " bytes");
        }
        synchronized (stream) {
            stream.write(buffer, offset, length);
        }
    }

    final byte[] bytes() {
        synchronized (stdout) {
            return stdout.toByteArray();
        }
    }

    final byte[] errorBytes() {
        synchronized (stderr) {
            return stderr.toByteArray();
        }
    }

    final String text() {
        return new String(bytes(), StandardCharsets.UTF_8);
    }

    final String errors() {
        return new String(errorBytes(), StandardCharsets.UTF_8);
    }
}
