package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.BackgroundLog;
import dev.sandkeeper.CapturedOutput;
import dev.sandkeeper.spi.OutputSink;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** The head and the tail of both streams of a command. */
final class KeptOutput implements OutputSink {
    private final Stream stdout;
    private final Stream stderr;

    KeptOutput(int limit) {
        stdout = new Stream(limit);
        stderr = new Stream(limit);
    }

    @Override
    public void stdout(byte[] buffer, int offset, int length) {
        stdout.add(buffer, offset, length);
    }

    @Override
    public void stderr(byte[] buffer, int offset, int length) {
        stderr.add(buffer, offset, length);
    }

    BackgroundLog log() {
        return new BackgroundLog(stdout.captured(), stderr.captured());
    }

    private static final class Stream {
        private final int headLimit;
        private final int tailLimit;
        private final ByteArrayOutputStream head = new ByteArrayOutputStream();
        private byte[] tail = {};
        private long total;

        Stream(int limit) {
            headLimit = limit - limit / 2;
            tailLimit = limit / 2;
        }

        synchronized void add(byte[] buffer, int offset, int length) {
            total += length;
            int toHead = Math.min(length, headLimit - head.size());
            head.write(buffer, offset, toHead);
            byte[] all = Arrays.copyOf(tail, tail.length + length - toHead);
            System.arraycopy(buffer, offset + toHead, all, tail.length, length - toHead);
            tail = Arrays.copyOfRange(all, Math.max(0, all.length - tailLimit), all.length);
        }

        synchronized CapturedOutput captured() {
            return new CapturedOutput(head.toByteArray(), tail.clone(), total);
        }
    }
}
