package dev.sandkeeper.local;

import dev.sandkeeper.spi.OutputSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Keeps back what our own programs say on standard error when they cannot start a command. They say it first, alone and
 * briefly; a program that starts with the same words gets them back at its end or when it says more.
 */
final class StartErrors implements OutputReader.Consumer {
    private static final int LONGEST = 8 * 1024;
    private static final List<byte[]> BEGINNINGS =
            List.of(bytes("bwrap: "), bytes("nsenter: "), bytes("setpriv: "), bytes("sandkeeper-command: "));

    private final OutputSink sink;
    private final ByteArrayOutputStream held = new ByteArrayOutputStream();
    private boolean decided;
    private boolean holding;

    StartErrors(OutputSink sink) {
        this.sink = sink;
    }

    @Override
    public synchronized void accept(byte[] buffer, int length) throws IOException {
        if (!decided) {
            decided = true;
            holding = BEGINNINGS.stream().anyMatch(beginning -> startsWith(buffer, length, beginning));
        }
        if (!holding) {
            sink.stderr(buffer, 0, length);
            return;
        }
        held.write(buffer, 0, length);
        if (held.size() > LONGEST) {
            release();
        }
    }

    /** Hands over what was held back: it was the program's own. */
    synchronized void release() {
        byte[] bytes = held.toByteArray();
        held.reset();
        holding = false;
        if (bytes.length > 0) {
            try {
                sink.stderr(bytes, 0, bytes.length);
            } catch (IOException e) {
                // Nobody wants it any more.
                return;
            }
        }
    }

    /** What was held back. */
    synchronized String text() {
        return held.toString(StandardCharsets.UTF_8);
    }

    private static boolean startsWith(byte[] buffer, int length, byte[] beginning) {
        return length >= beginning.length
                && java.util.Arrays.equals(buffer, 0, beginning.length, beginning, 0, beginning.length);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
