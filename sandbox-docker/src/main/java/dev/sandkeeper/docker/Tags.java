package dev.sandkeeper.docker;

import java.security.SecureRandom;
import java.util.HexFormat;

/** Makes names that cannot be guessed. */
final class Tags {
    private static final SecureRandom RANDOM = new SecureRandom();

    private Tags() {}

    static String next() {
        byte[] bytes = new byte[16];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
