package dev.sandkeeper.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Cuts the marks of our scripts out of a stream and passes everything else on. A mark is a byte 1 and the command's tag; in
 * a stream of lines the rest of the line is its record. A program that knows its tag can forge a mark, and so lie about
 * itself: nothing else depends on it.
 */
public final class MarkScanner {
    private static final int LONGEST_RECORD = 4096;

    private final byte[] mark;
    private final boolean lines;
    private final Consumer<String> records;
    private final ByteArrayOutputStream record = new ByteArrayOutputStream();
    private int matched;
    private boolean inRecord;

    /** Takes what is not part of a mark. */
    public interface Output {
        /**
         * Takes bytes that belong to whoever wrote them.
         *
         * @param buffer holds them until this returns
         * @param offset where they start
         * @param length how many they are
         * @throws IOException if they cannot be taken
         */
        void accept(byte[] buffer, int offset, int length) throws IOException;
    }

    /**
     * A scanner for one stream.
     *
     * @param tag printable ASCII
     * @param lines whether a mark is followed by a record and a line feed
     * @param records told of each mark; with an empty record if there are no lines
     */
    public MarkScanner(String tag, boolean lines, Consumer<String> records) {
        this.mark = ("\u0001" + tag).getBytes(StandardCharsets.US_ASCII);
        this.lines = lines;
        this.records = records;
    }

    /**
     * Takes the next bytes of the stream.
     *
     * @param buffer holds them
     * @param offset where they start
     * @param length how many they are
     * @param output takes what is no mark
     * @throws IOException if {@code output} does
     */
    public void accept(byte[] buffer, int offset, int length, Output output) throws IOException {
        int end = offset + length;
        int start = offset;
        int i = offset;
        while (i < end) {
            if (inRecord) {
                i = readRecord(buffer, i, end);
                start = i;
            } else if (matched == 0) {
                i = indexOfMark(buffer, i, end);
                pass(buffer, start, i, output);
                matched = Math.min(mark.length, end - i);
                i += matched;
                start = i;
                found();
            } else {
                int more = Math.min(mark.length - matched, end - i);
                if (Arrays.equals(buffer, i, i + more, mark, matched, matched + more)) {
                    matched += more;
                    i += more;
                    start = i;
                    found();
                } else {
                    // byte 1 occurs only at the start of a mark, so what matched cannot start another one
                    flush(output);
                }
            }
        }
        pass(buffer, start, end, output);
    }

    /** Where a mark begins, or what may become one with the bytes that come next; the end if nowhere. */
    private int indexOfMark(byte[] buffer, int from, int end) {
        for (int i = from; i < end; i++) {
            if (buffer[i] == mark[0]) {
                int there = Math.min(mark.length, end - i);
                if (Arrays.equals(buffer, i, i + there, mark, 0, there)) {
                    return i;
                }
            }
        }
        return end;
    }

    private void found() {
        if (matched == mark.length) {
            matched = 0;
            inRecord = lines;
            if (!lines) {
                records.accept("");
            }
        }
    }

    /**
     * Passes on what looked like a mark so far; at the end of the stream it is none.
     *
     * @param output takes it
     * @throws IOException if {@code output} does
     */
    public void flush(Output output) throws IOException {
        int held = matched;
        matched = 0;
        if (held > 0) {
            // a copy: whoever takes it may do with it as he likes
            output.accept(Arrays.copyOf(mark, held), 0, held);
        }
    }

    private int readRecord(byte[] buffer, int from, int end) {
        int i = from;
        while (i < end && buffer[i] != '\n') {
            if (record.size() < LONGEST_RECORD) {
                record.write(buffer[i]);
            }
            i++;
        }
        if (i == end) {
            return i;
        }
        inRecord = false;
        String text = record.toString(StandardCharsets.UTF_8).trim();
        record.reset();
        records.accept(text);
        return i + 1;
    }

    private static void pass(byte[] buffer, int start, int end, Output output) throws IOException {
        if (end > start) {
            output.accept(buffer, start, end - start);
        }
    }
}
