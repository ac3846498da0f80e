package dev.sandkeeper.local;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Builds shell text byte by byte, so that the JVM's own character set never touches what a command is given. */
final class ShellText {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private boolean plain = true;

    /** Adds text of ours. */
    ShellText raw(String text) {
        bytes.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
        return this;
    }

    /** Adds one word that the shell takes as it is. */
    ShellText word(String text) {
        bytes.write('\'');
        for (byte b : encode(text)) {
            if (b == '\'') {
                bytes.writeBytes(new byte[] {'\'', '\\', '\'', '\''});
            } else {
                plain &= b > 0;
                bytes.write(b);
            }
        }
        bytes.write('\'');
        return this;
    }

    /** Adds an assignment of a value that needs quotes. */
    ShellText assign(String name, Object value) {
        return raw(name).raw("=").word(value.toString()).raw("\n");
    }

    /** Whether every JVM could pass this on as an argument, and it is not too long for one. */
    boolean fitsArgument() {
        return plain && bytes.size() < 100_000;
    }

    byte[] toBytes() {
        return bytes.toByteArray();
    }

    @Override
    public String toString() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** UTF-8, but a lone surrogate from U+DC80 to U+DCFF stands for the byte in its low half, as in paths of files. */
    static byte[] encode(String text) {
        byte[] simple = text.getBytes(StandardCharsets.UTF_8);
        if (text.chars().noneMatch(c -> c >= 0xDC80 && c <= 0xDCFF)) {
            return simple;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        text.codePoints().forEach(point -> {
            if (point >= 0xDC80 && point <= 0xDCFF) {
                out.write(point & 0xFF);
            } else {
                out.writeBytes(Character.toString(point).getBytes(StandardCharsets.UTF_8));
            }
        });
        return out.toByteArray();
    }
}
