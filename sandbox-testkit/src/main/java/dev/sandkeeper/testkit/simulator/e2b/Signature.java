package dev.sandkeeper.testkit.simulator.e2b;

import dev.sandkeeper.testkit.simulator.internal.Exchange;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** What a signed file URL must carry. */
final class Signature {
    private Signature() {}

    static String of(Exchange exchange, String operation, String token) {
        String expiry = exchange.query("signature_expiration").orElse("");
        return of(
                exchange.query("path").orElse(""),
                operation,
                exchange.query("username").orElse(""),
                token,
                expiry.matches("[0-9]{1,18}") ? expiry : "");
    }

    static String of(String path, String operation, String user, String token, String expiry) {
        String raw = path + ":" + operation + ":" + user + ":" + token + (expiry.isEmpty() ? "" : ":" + expiry);
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(raw.getBytes(StandardCharsets.UTF_8));
            return "v1_" + Base64.getEncoder().withoutPadding().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
