package dev.sandkeeper.testkit.simulator.daytona;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads {@code multipart/form-data} part by part, so that a large one is never held as a whole. */
final class DaytonaMultipart {
    private static final Pattern BOUNDARY = Pattern.compile("boundary=(?:\"([^\"]+)\"|([^;,\\s]+))");
    private static final Pattern NAME = Pattern.compile("(?:^|[;\\s])name=\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern FILE_NAME = Pattern.compile("filename=\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final int LONGEST_HEADER = 16 * 1024;

    private final InputStream in;
    private final byte[] delimiter;
    private final byte[] buffer = new byte[64 * 1024];
    private int position;
    private int limit;
    private boolean begun;
    private @Nullable Content open;

    /**
     * One part.
     *
     * @param fileName null of a plain field
     * @param content to be read before the next part is asked for, or not at all
     */
    record Part(String name, @Nullable String fileName, InputStream content) {}

    DaytonaMultipart(String contentType, InputStream in) {
        Matcher boundary = BOUNDARY.matcher(contentType);
        if (!contentType.toLowerCase(Locale.ROOT).startsWith("multipart/form-data") || !boundary.find()) {
            throw DaytonaRefusal.bad("bad request: request Content-Type isn't multipart/form-data");
        }
        String text = boundary.group(1) == null ? boundary.group(2) : boundary.group(1);
        this.in = in;
        this.delimiter = ("\r\n--" + text).getBytes(StandardCharsets.ISO_8859_1);
    }

    /** The next part, or null behind the last one. */
    @Nullable
    Part next() throws IOException {
        Content previous = open;
        if (previous != null) {
            previous.skipAll();
        }
        if (!begun) {
            begun = true;
            String first = line();
            if (!("\r\n" + first).equals(new String(delimiter, StandardCharsets.ISO_8859_1))) {
                throw DaytonaRefusal.bad("bad request: multipart: expected a new Part; got line " + first.length());
            }
        } else {
            String after = line();
            if (after.equals("--")) {
                return null;
            }
            if (!after.isEmpty()) {
                throw DaytonaRefusal.bad("bad request: multipart: broken boundary");
            }
        }
        String disposition = "";
        for (String header = line(); !header.isEmpty(); header = line()) {
            if (header.toLowerCase(Locale.ROOT).startsWith("content-disposition:")) {
                disposition = header;
            }
        }
        Matcher name = NAME.matcher(disposition);
        Matcher file = FILE_NAME.matcher(disposition);
        Content content = new Content();
        open = content;
        return new Part(name.find() ? name.group(1) : "", file.find() ? file.group(1) : null, content);
    }

    /** Up to the end of a line, without it. */
    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (byte b = one(); b != '\n'; b = one()) {
            line.write(b);
            if (line.size() > LONGEST_HEADER) {
                throw DaytonaRefusal.bad("bad request: multipart: header too long");
            }
        }
        String text = line.toString(StandardCharsets.UTF_8);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    private byte one() throws IOException {
        require(1);
        return buffer[position++];
    }

    /** Has so many bytes behind the position, or fails. */
    private void require(int count) throws IOException {
        while (limit - position < count) {
            if (limit == buffer.length || position == limit) {
                System.arraycopy(buffer, position, buffer, 0, limit - position);
                limit -= position;
                position = 0;
            }
            int more = in.read(buffer, limit, buffer.length - limit);
            if (more < 0) {
                throw new EOFException("the multipart body ended too early");
            }
            limit += more;
        }
    }

    /** A part's bytes, up to the delimiter. */
    private final class Content extends InputStream {
        private boolean ended;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (ended || length == 0) {
                return ended ? -1 : 0;
            }
            require(1);
            int count = 1;
            if (buffer[position] == '\r') {
                if (delimiterFollows()) {
                    ended = true;
                    position += delimiter.length;
                    return -1;
                }
            } else {
                int most = Math.min(length, limit - position);
                while (count < most && buffer[position + count] != '\r') {
                    count++;
                }
            }
            System.arraycopy(buffer, position, target, offset, count);
            position += count;
            return count;
        }

        /** What comes last is longer than this, by the two dashes and the line's end. */
        private boolean delimiterFollows() throws IOException {
            require(delimiter.length);
            return Arrays.equals(buffer, position, position + delimiter.length, delimiter, 0, delimiter.length);
        }

        void skipAll() throws IOException {
            byte[] nowhere = new byte[8192];
            while (read(nowhere, 0, nowhere.length) >= 0) {
                // read on
            }
        }
    }
}
