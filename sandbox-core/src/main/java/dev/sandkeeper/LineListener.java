package dev.sandkeeper;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.BiConsumer;

/** Puts lines together. No part of a character looks like a line feed in UTF-8, so only whole lines are decoded. */
final class LineListener implements OutputListener {
    private static final int LARGEST = 16 << 20;

    private final int longest;
    private final BiConsumer<OutputSource, String> action;
    private final Line stdout = new Line();
    private final Line stderr = new Line();

    LineListener(int longest, BiConsumer<OutputSource, String> action) {
        if (longest < 4 || longest > LARGEST) {
            throw new IllegalArgumentException("longest must be from 4 to " + LARGEST + " bytes: " + longest);
        }
        this.longest = longest;
        this.action = Objects.requireNonNull(action, "action");
    }

    /** What has come of a line that is not complete. */
    private static final class Line {
        private byte[] bytes = new byte[256];
        private int length;
    }

    @Override
    public void output(OutputSource source, ByteBuffer buffer) {
        Line line = line(source);
        while (buffer.hasRemaining()) {
            byte next = buffer.get();
            if (next == '\n') {
                int end = line.length > 0 && line.bytes[line.length - 1] == '\r' ? line.length - 1 : line.length;
                hand(source, line, end, line.length);
                continue;
            }
            if (line.length == longest) {
                int end = boundary(line);
                hand(source, line, end, end);
            }
            if (line.length == line.bytes.length) {
                line.bytes = Arrays.copyOf(line.bytes, Math.min(longest, 2 * line.length));
            }
            line.bytes[line.length++] = next;
        }
    }

    @Override
    public void end(OutputSource source) {
        Line line = line(source);
        if (line.length > 0) {
            hand(source, line, line.length, line.length);
        }
    }

    private void hand(OutputSource source, Line line, int end, int taken) {
        String text = new String(line.bytes, 0, end, StandardCharsets.UTF_8);
        System.arraycopy(line.bytes, taken, line.bytes, 0, line.length - taken);
        line.length -= taken;
        action.accept(source, text);
    }

    /** Where the last character begins, if it is not complete; else the end. */
    private static int boundary(Line line) {
        for (int back = 1; back <= 3; back++) {
            int start = line.length - back;
            int first = line.bytes[start] & 0xff;
            if (first >= 0xc0) {
                int needed = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
                return needed > back ? start : line.length;
            }
            if (first < 0x80) {
                return line.length;
            }
        }
        return line.length;
    }

    private Line line(OutputSource source) {
        return source == OutputSource.STDOUT ? stdout : stderr;
    }
}
