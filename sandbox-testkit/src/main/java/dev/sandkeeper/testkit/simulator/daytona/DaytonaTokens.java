package dev.sandkeeper.testkit.simulator.daytona;

import java.security.SecureRandom;

/** Names that cannot be guessed, as long as the provider's. */
final class DaytonaTokens {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

    private DaytonaTokens() {}

    /** Goes with each start of a sandbox. */
    static String preview() {
        return random(32);
    }

    /** Part of a host name. */
    static String signed() {
        return random(16);
    }

    static String signingKey() {
        return random(64);
    }

    static String ssh() {
        return random(32);
    }

    private static String random(int length) {
        StringBuilder text = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            text.append(LETTERS.charAt(RANDOM.nextInt(LETTERS.length())));
        }
        return text.toString();
    }
}
