package dev.sandkeeper;

import dev.sandkeeper.spi.OutputSink;
import java.util.Arrays;

/** Keeps a bounded part of both output streams: memory grows with what was printed up to the limit and never beyond. */
final class OutputCapture implements OutputSink {
    private final Stream stdout;
    private final Stream stderr;

    OutputCapture(int limit) {
        this.stdout = new Stream(limit);
        this.stderr = new Stream(limit);
    }

    @Override
    public void stdout(byte[] buffer, int offset, int length) {
        stdout.add(buffer, offset, length);
    }

    @Override
    public void stderr(byte[] buffer, int offset, int length) {
        stderr.add(buffer, offset, length);
    }

    CapturedOutput stdout() {
        return stdout.captured();
    }

    CapturedOutput stderr() {
        return stderr.captured();
    }

    /** The first half of the limit is filled once, the second is a ring of what came last. */
    private static final class Stream {
        private final int headLimit;
        private final int tailLimit;
        private byte[] head = {};
        private int headLength;
        private byte[] tail = {};
        private int tailLength;
        private int tailStart;
        private long total;

        Stream(int limit) {
            this.headLimit = limit - limit / 2;
            this.tailLimit = limit / 2;
        }

        synchronized void add(byte[] buffer, int offset, int length) {
            total += length;
            int toHead = Math.min(length, headLimit - headLength);
            if (toHead > 0) {
                head = grown(head, headLength + toHead, headLimit);
                System.arraycopy(buffer, offset, head, headLength, toHead);
                headLength += toHead;
            }
            int rest = length - Math.max(toHead, 0);
            if (rest > 0 && tailLimit > 0) {
                addToTail(buffer, offset + length - rest, rest);
            }
        }

        private void addToTail(byte[] buffer, int offset, int length) {
            int from = offset;
            int left = length;
            if (left > tailLimit) {
                from += left - tailLimit;
                left = tailLimit;
            }
            if (tailLength + left <= tailLimit && tailStart == 0) {
                tail = grown(tail, tailLength + left, tailLimit);
                System.arraycopy(buffer, from, tail, tailLength, left);
                tailLength += left;
                return;
            }
            tail = tail.length == tailLimit ? tail : Arrays.copyOf(tail, tailLimit);
            int end = (tailStart + tailLength) % tailLimit;
            int first = Math.min(left, tailLimit - end);
            System.arraycopy(buffer, from, tail, end, first);
            System.arraycopy(buffer, from + first, tail, 0, left - first);
            int overwritten = Math.max(0, tailLength + left - tailLimit);
            tailStart = (tailStart + overwritten) % tailLimit;
            tailLength = Math.min(tailLimit, tailLength + left);
        }

        synchronized CapturedOutput captured() {
            byte[] last = new byte[tailLength];
            int first = Math.min(tailLength, tail.length - tailStart);
            System.arraycopy(tail, tailStart, last, 0, first);
            System.arraycopy(tail, 0, last, first, tailLength - first);
            return new CapturedOutput(Arrays.copyOf(head, headLength), last, total);
        }

        private static byte[] grown(byte[] array, int needed, int limit) {
            if (array.length >= needed) {
                return array;
            }
            long doubled = Math.max(needed, Math.max(1024L, array.length * 2L));
            return Arrays.copyOf(array, (int) Math.min(limit, doubled));
        }
    }
}
