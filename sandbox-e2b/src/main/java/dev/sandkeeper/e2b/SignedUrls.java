package dev.sandkeeper.e2b;

import dev.sandkeeper.internal.PathBytes;
import dev.sandkeeper.internal.SandboxPaths;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import okhttp3.HttpUrl;

/**
 * Addresses of single files, for whoever has no key. The daemon in the sandbox knows by the signature that they are ours. None of
 * them may be logged. Thread-safe.
 */
final class SignedUrls {
    /** What may be done with one. */
    enum Operation {
        READ("read"),
        WRITE("write");

        private final String word;

        Operation(String word) {
            this.word = word;
        }
    }

    /** Files belong to whom commands run as, the template's own user: it is meant where none is named. */
    private static final String OWN_USER = "";

    private final EnvdAddress address;
    private final Clock clock;
    private final Duration longest;

    SignedUrls(EnvdAddress address, Clock clock, Duration longest) {
        this.address = address;
        this.clock = clock;
        this.longest = longest;
    }

    /**
     * One operation on one file.
     *
     * @param operation what may be done
     * @param path absolute
     * @param validFor more than 0, at most the longest
     */
    record Wanted(Operation operation, String path, Duration validFor) {}

    /** Checks what can be checked without a sandbox. */
    Wanted wanted(Operation operation, String path, Duration validFor) {
        String absolute = SandboxPaths.resolve(path);
        if (absolute.codePoints().anyMatch(point -> Character.getType(point) == Character.SURROGATE)) {
            throw new IllegalArgumentException("path must be text to stand in a URL: \"" + PathBytes.printable(path)
                    + "\" has bytes that are none. Rename the file");
        }
        if (validFor.isZero() || validFor.isNegative() || validFor.compareTo(longest) > 0) {
            throw new IllegalArgumentException("validFor must be more than 0 and at most " + longest
                    + ", the longest that a sandbox runs: " + validFor
                    + ". Ask for another URL later, or set longestRun of the backend's builder");
        }
        return new Wanted(operation, absolute, validFor);
    }

    /** A secret. */
    URI of(String ref, Wire.Sandbox sandbox, String token, Wanted wanted) {
        // in whole seconds, and no sooner than was asked for
        Instant end = clock.instant().plus(wanted.validFor()).plusNanos(999_999_999);
        String expiry = Long.toString(end.getEpochSecond());
        HttpUrl base = address.withoutHeaders(ref, sandbox.domain());
        return base.newBuilder()
                .addPathSegment("files")
                .addQueryParameter("path", wanted.path())
                .addQueryParameter("signature", signature(wanted.path(), wanted.operation(), OWN_USER, token, expiry))
                .addQueryParameter("signature_expiration", expiry)
                .build()
                .uri();
    }

    /** What E2B's daemon compares; {@code user} and {@code expiry} are empty where the query has none. */
    static String signature(String path, Operation operation, String user, String token, String expiry) {
        String end = expiry.isEmpty() ? "" : ":" + expiry;
        String signed = path + ":" + operation.word + ":" + user + ":" + token + end;
        return "v1_" + Base64.getEncoder().withoutPadding().encodeToString(sha256(signed));
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
