package dev.sandkeeper.internal;

import java.util.function.IntPredicate;

/**
 * Any bytes as a format of {@code printf}, which every shell has built in: it takes no arguments, and prints those bytes and
 * nothing else. A format is printable ASCII; no locale on its way changes it.
 *
 * <p>It holds no single quote, so that it may stand between two in a script: {@code printf 'FORMAT'}. Nor does it begin with a
 * hyphen, which would make it an option. Between double quotes it must not stand, where a shell would read it; the value of a
 * variable may: {@code printf "$format"}.
 *
 * <p>What does not stand for itself is a backslash and three octal digits, so that a digit may follow. A format is thus at least
 * as long as the bytes are, and at most four times that.
 */
public final class PrintfFormat {
    private PrintfFormat() {}

    /**
     * Text stays readable, line by line.
     *
     * @param bytes what is to be printed
     * @return the format, in which line feeds stand for themselves
     */
    public static String of(byte[] bytes) {
        return of(bytes, b -> isPlain(b) || b == '\n');
    }

    /**
     * As {@link #of}, where a line feed would be the end.
     *
     * @param bytes what is to be printed
     * @return the format, without a line feed
     */
    public static String oneLine(byte[] bytes) {
        return of(bytes, PrintfFormat::isPlain);
    }

    /**
     * All of it in octal, so that nothing of a text can be read by chance.
     *
     * @param bytes what is to be printed
     * @return the format, without a line feed and four times as long
     */
    public static String octal(byte[] bytes) {
        return of(bytes, b -> false);
    }

    private static String of(byte[] bytes, IntPredicate itself) {
        StringBuilder format = new StringBuilder(bytes.length + bytes.length / 4 + 4);
        for (byte b : bytes) {
            boolean option = b == '-' && format.isEmpty();
            if (itself.test(b) && !option) {
                format.append((char) b);
            } else {
                format.append('\\')
                        .append((char) ('0' + (b >> 6 & 3)))
                        .append((char) ('0' + (b >> 3 & 7)))
                        .append((char) ('0' + (b & 7)));
            }
        }
        return format.toString();
    }

    private static boolean isPlain(int b) {
        return b >= ' ' && b < 0x7f && b != '\'' && b != '\\' && b != '%';
    }
}
