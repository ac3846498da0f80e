package dev.sandkeeper.daytona;

import dev.sandkeeper.internal.Words;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the lines of our scripts in the log of a session's command: each line comes behind three bytes that name its stream,
 * unless the daemon has taken them off, and markers and lines may be cut anywhere. What begins with no tag of a command is
 * passed over: it is hostile input. Used by one thread at a time.
 */
final class LogLines {
    private static final Logger LOG = LoggerFactory.getLogger(LogLines.class);
    private static final int LONGEST = 8192;

    private final BiConsumer<String, List<String>> records;
    private final byte[] line = new byte[LONGEST];
    private int length;
    private boolean tooLong;

    /**
     * For one log.
     *
     * @param records told of the tag and the words that follow it
     */
    LogLines(BiConsumer<String, List<String>> records) {
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
        int end = text.indexOf(' ');
        if (!whole || end < 0 || !text.startsWith(CommandFile.TAG_PREFIX)) {
            return;
        }
        try {
            records.accept(text.substring(0, end), Words.of(text.substring(end + 1)));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            LOG.debug("a malformed line of a command", e);
        }
    }
}
