package dev.sandkeeper.internal;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * A path of Linux is bytes, ours is a string: UTF-8, and every byte that is not part of it stands as a lone surrogate from
 * U+DC80 to U+DCFF (as in Python's PEP 383). Bytes to string and back gives the same bytes.
 */
public final class PathBytes {
    /** The limit of Linux, without the NUL at its end. */
    public static final int LONGEST = 4095;

    private static final int ESCAPE = 0xDC00;

    private PathBytes() {}

    /**
     * Bytes to string.
     *
     * @param bytes holds the path
     * @param offset where it starts
     * @param length how many bytes it has
     * @return the path
     */
    public static String decode(byte[] bytes, int offset, int length) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes, offset, length);
        CharBuffer out = CharBuffer.allocate(length + 1);
        while (true) {
            CoderResult result = decoder.decode(in, out, true);
            if (!result.isError()) {
                return out.flip().toString();
            }
            for (int i = 0; i < result.length(); i++) {
                out.put((char) (ESCAPE | (in.get() & 0xFF)));
            }
            decoder.reset();
        }
    }

    /**
     * String to bytes.
     *
     * @param path the path
     * @return its bytes
     * @throws IllegalArgumentException if it has a lone surrogate that stands for no byte
     */
    public static byte[] encode(String path) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(path.length() + 16);
        int plain = 0;
        for (int i = 0; i < path.length(); i += Character.charCount(path.codePointAt(i))) {
            int point = path.codePointAt(i);
            if (point < Character.MIN_SURROGATE || point > Character.MAX_SURROGATE) {
                continue;
            }
            if (point < ESCAPE + 0x80 || point > ESCAPE + 0xFF) {
                throw new IllegalArgumentException("path must be Unicode text, with U+DC80 to U+DCFF for other bytes: "
                        + printable(path) + " has a lone surrogate at " + i);
            }
            bytes.writeBytes(path.substring(plain, i).getBytes(StandardCharsets.UTF_8));
            bytes.write(point - ESCAPE);
            plain = i + 1;
        }
        bytes.writeBytes(path.substring(plain).getBytes(StandardCharsets.UTF_8));
        return bytes.toByteArray();
    }

    /**
     * A path as an argument of our scripts: as it is where that is printable ASCII without a backslash, else with
     * {@code \0ooo} for every other byte, as {@code printf %b} reads it. Independent of every locale on its way.
     */
    static String argument(byte[] path) {
        StringBuilder text = new StringBuilder(path.length + 16);
        for (byte b : path) {
            if (b >= ' ' && b < 0x7F && b != '\\') {
                text.append((char) b);
            } else {
                int value = b & 0xFF;
                text.append("\\0")
                        .append((char) ('0' + (value >> 6)))
                        .append((char) ('0' + (value >> 3 & 7)))
                        .append((char) ('0' + (value & 7)));
            }
        }
        return text.toString();
    }

    /**
     * A path for a message or a log: at most 200 characters, with a question mark for whatever could disturb the line it
     * stands in.
     *
     * @param path the path
     * @return one line of harmless text
     */
    public static String printable(String path) {
        StringBuilder text = new StringBuilder();
        path.codePoints().limit(200).forEach(point -> text.appendCodePoint(isHarmless(point) ? point : '?'));
        return path.codePointCount(0, path.length()) > 200 ? text + "..." : text.toString();
    }

    private static boolean isHarmless(int point) {
        return switch (Character.getType(point)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }
}
