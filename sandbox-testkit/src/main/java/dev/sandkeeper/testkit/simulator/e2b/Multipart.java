package dev.sandkeeper.testkit.simulator.e2b;

import dev.sandkeeper.testkit.simulator.internal.Exchange;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A body of {@code multipart/form-data}, read part by part as it comes (RFC 7578). */
final class Multipart {
    private static final Pattern BOUNDARY = Pattern.compile("boundary=\"?([^\";]+)\"?");
    private static final Pattern NAME = Pattern.compile("[; ]name=\"([^\"]*)\"");
    private static final Pattern FILE_NAME = Pattern.compile("filename=\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final int LONGEST_LINE = 16 * 1024;

    private final InputStream in;
    private final byte[] delimiter;
    private @Nullable PartStream open;

    Multipart(String contentType, InputStream body) throws IOException {
        Matcher matcher = BOUNDARY.matcher(contentType);
        if (!matcher.find()) {
            throw new IOException("no boundary");
        }
        this.in = new BufferedInputStream(body, 64 * 1024);
        this.delimiter = ("\r\n--" + matcher.group(1)).getBytes(StandardCharsets.ISO_8859_1);
        String first = line();
        if (!first.equals("--" + matcher.group(1))) {
            throw new IOException("no part");
        }
    }

    /** One part; its content is to be read before the next part is asked for. */
    record Part(String name, String fileName, InputStream content) {}

    /** Of a request, whose body is decoded already. */
    static Multipart of(Exchange exchange, InputStream body) throws IOException {
        return new Multipart(exchange.header("Content-Type").orElse(""), body);
    }

    Optional<Part> next() throws IOException {
        if (open != null) {
            open.transferTo(OutputStream.nullOutputStream());
            String rest = line();
            if (rest.equals("--")) {
                return Optional.empty();
            }
        }
        String name = "";
        String fileName = "";
        for (String header = line(); !header.isEmpty(); header = line()) {
            if (header.regionMatches(true, 0, "Content-Disposition:", 0, 20)) {
                name = group(NAME, header);
                fileName = group(FILE_NAME, header).replace("%22", "\"").replace("\\\"", "\"");
            }
        }
        open = new PartStream();
        return Optional.of(new Part(name, fileName, open));
    }

    private static String group(Pattern pattern, String header) {
        Matcher matcher = pattern.matcher(header);
        return matcher.find() ? matcher.group(1) : "";
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int value = in.read(); value != '\n'; value = in.read()) {
            if (value < 0 || line.size() > LONGEST_LINE) {
                throw new IOException("the body ends within a part");
            }
            line.write(value);
        }
        String text = line.toString(StandardCharsets.UTF_8);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    /** Ends before the next delimiter, which it consumes. */
    private final class PartStream extends InputStream {
        private boolean ended;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (ended) {
                return -1;
            }
            int count = 0;
            while (count < length) {
                in.mark(delimiter.length);
                int value = in.read();
                if (value < 0) {
                    throw new IOException("the body ends within a part");
                }
                if (value == delimiter[0]) {
                    in.reset();
                    if (delimited()) {
                        ended = true;
                        return count == 0 ? -1 : count;
                    }
                    value = in.read();
                }
                buffer[offset + count++] = (byte) value;
            }
            return count;
        }

        private boolean delimited() throws IOException {
            in.mark(delimiter.length);
            byte[] found = in.readNBytes(delimiter.length);
            if (Arrays.equals(found, delimiter)) {
                return true;
            }
            in.reset();
            return false;
        }
    }
}
