package dev.sandkeeper;

import java.nio.charset.StandardCharsets;

/**
 * What was kept of an output stream: all of it where it fits the limit, else its head and its tail. Immutable.
 */
public final class CapturedOutput {
    private final byte[] head;
    private final byte[] tail;
    private final long totalBytes;

    /**
     * What was kept.
     *
     * @param head the first of it; not copied
     * @param tail what follows it, or the last of it; not copied
     * @param totalBytes how much was printed, at least as much as both
     */
    public CapturedOutput(byte[] head, byte[] tail, long totalBytes) {
        if (totalBytes < (long) head.length + tail.length) {
            throw new IllegalArgumentException("totalBytes must be at least what was kept: " + totalBytes);
        }
        this.head = head;
        this.tail = tail;
        this.totalBytes = totalBytes;
    }

    /**
     * How much was printed.
     *
     * @return in bytes, whatever was kept
     */
    public long totalBytes() {
        return totalBytes;
    }

    /**
     * Whether something is missing between head and tail.
     *
     * @return true if more was printed than the limit
     */
    public boolean truncated() {
        return totalBytes > (long) head.length + tail.length;
    }

    /**
     * What was kept, byte for byte: head and tail with nothing in between.
     *
     * @return a copy
     */
    public byte[] bytes() {
        byte[] all = new byte[head.length + tail.length];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(tail, 0, all, head.length, tail.length);
        return all;
    }

    /**
     * What was kept, as UTF-8, malformed bytes replaced by U+FFFD; where something is missing a line says how much.
     *
     * @return the text
     */
    public String text() {
        if (!truncated()) {
            return new String(bytes(), StandardCharsets.UTF_8);
        }
        long missing = totalBytes - head.length - tail.length;
        return new String(head, StandardCharsets.UTF_8)
                + "\n[... " + missing + " bytes left out ...]\n"
                + new String(tail, StandardCharsets.UTF_8);
    }

    /** The size, not the content. */
    @Override
    public String toString() {
        return "CapturedOutput[" + totalBytes + " bytes" + (truncated() ? ", truncated]" : "]");
    }
}
