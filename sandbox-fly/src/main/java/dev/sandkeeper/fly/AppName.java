package dev.sandkeeper.fly;

import dev.sandkeeper.SandboxId;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of an app that holds one sandbox: a prefix, 80 bits of a hash of the deployment, and the sandbox's id. It is known
 * before the app is made, and tells whose an app is that has no Machine yet.
 *
 * @param deployment the hash
 */
record AppName(String prefix, String deployment, SandboxId sandboxId) {
    private static final int HASH = 16;
    private static final int ID = 26;
    private static final int LONGEST = 63;
    private static final int RADIX = 32;
    private static final int BITS_OF_A_DIGIT = 5;

    /** What is left of a name for its prefix. */
    static final int LONGEST_PREFIX = LONGEST - HASH - ID - 2;

    private static final Pattern PATTERN =
            Pattern.compile("([a-z0-9][a-z0-9-]{0," + (LONGEST_PREFIX - 1) + "})-([0-9a-v]{16})-([0-7][0-9a-v]{25})");

    static AppName of(String prefix, String deployment, SandboxId sandboxId) {
        return new AppName(prefix, hash(deployment), sandboxId);
    }

    /** {@return what a name says; nothing if it is none of ours} */
    static Optional<AppName> of(String text) {
        Matcher matcher = PATTERN.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        BigInteger id = new BigInteger(matcher.group(3), RADIX);
        UUID uuid = new UUID(id.shiftRight(Long.SIZE).longValue(), id.longValue());
        return Optional.of(new AppName(matcher.group(1), matcher.group(2), new SandboxId(uuid)));
    }

    private static String hash(String deployment) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(deployment.getBytes(StandardCharsets.UTF_8));
            return digits(Arrays.copyOf(digest, HASH * BITS_OF_A_DIGIT / Byte.SIZE), HASH);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    private static String digits(byte[] bytes, int length) {
        String digits = new BigInteger(1, bytes).toString(RADIX);
        return "0".repeat(length - digits.length()) + digits;
    }

    /** {@return whether a deployment that uses a prefix has made it} */
    boolean isOf(String otherPrefix, String otherDeployment) {
        return prefix.equals(otherPrefix) && deployment.equals(hash(otherDeployment));
    }

    /** {@return when the sandbox's id was made, which is when its row was} */
    Instant createdAt() {
        return sandboxId.value().version() == 7
                ? Instant.ofEpochMilli(sandboxId.value().getMostSignificantBits() >>> 16)
                : Instant.EPOCH;
    }

    @Override
    public String toString() {
        UUID id = sandboxId.value();
        byte[] bytes = ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .array();
        return prefix + "-" + deployment + "-" + digits(bytes, ID);
    }
}
