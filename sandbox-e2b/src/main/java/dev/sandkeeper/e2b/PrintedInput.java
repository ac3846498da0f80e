package dev.sandkeeper.e2b;

import org.jspecify.annotations.Nullable;

/** Input of a command as a format of printf, which every shell has built in: it travels with the command. */
final class PrintedInput {
    private PrintedInput() {}

    /** Null if it would be longer than {@code longest}. */
    static @Nullable String of(byte[] input, int longest) {
        StringBuilder text = new StringBuilder(input.length + input.length / 4);
        for (byte b : input) {
            boolean itself = b >= ' ' && b < 0x7f && b != '\\' && b != '%';
            if (itself || b == '\n') {
                text.append((char) b);
            } else {
                text.append('\\')
                        .append((char) ('0' + ((b >> 6) & 3)))
                        .append((char) ('0' + ((b >> 3) & 7)))
                        .append((char) ('0' + (b & 7)));
            }
            if (text.length() > longest) {
                return null;
            }
        }
        // printf would take it for an option
        return text.length() > 0 && text.charAt(0) == '-' ? "\\055" + text.substring(1) : text.toString();
    }
}
