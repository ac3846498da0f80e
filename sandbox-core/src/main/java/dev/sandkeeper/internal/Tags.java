package dev.sandkeeper.internal;

import java.security.SecureRandom;
import java.util.HexFormat;

/** Makes names that cannot be guessed. */
public final class Tags {
    private static final SecureRandom RANDOM = new SecureRandom();

    private Tags() {}

    /** {@return 128 random bits, in hexadecimal} */
    public static String next() {
        byte[] bytes = new byte[16];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
