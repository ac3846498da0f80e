package dev.sandkeeper.daytona;

import dev.sandkeeper.internal.Words;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the lines of one command in the log of its session: each line comes behind three bytes that name its stream, unless
 * the daemon has taken them off, and markers and lines may be cut anywhere. What is none of the command's is passed over: it
 * is hostile input. Used by one thread at a time.
 */
final class LogLines {
    private static final Logger LOG = LoggerFactory.getLogger(LogLines.class);
    private static final int LONGEST = 8192;

    private final String tag;
    private final Consumer<List<String>> records;
    private final byte[] line = new byte[LONGEST];
    private int length;
    private boolean tooLong;

    LogLines(String tag, Consumer<List<String>> records) {
        this.tag = tag + " ";
        this.records = records;
    }

    /** The log is read from its beginning again. */
    void restart() {
        length = 0;
        tooLong = false;
    }

    void accept(byte[] bytes) {
        for (byte b : bytes) {
            boolean marker = length == 0 && (b == 1 || b == 2);
            if (b == '\n') {
                finish();
            } else if (!marker && length < LONGEST) {
                line[length++] = b;
            } else {
                tooLong |= !marker;
            }
        }
    }

    private void finish() {
        String text = new String(line, 0, length, StandardCharsets.ISO_8859_1);
        boolean whole = !tooLong;
        restart();
        if (!whole || !text.startsWith(tag)) {
            return;
        }
        try {
            records.accept(Words.of(text.substring(tag.length())));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            LOG.debug("a malformed line of a command", e);
        }
    }
}
