package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.testkit.simulator.internal.Exchange;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Addresses of single files that need no key beside them. */
final class DaytonaSignatures {
    private static final String PREFIX = "v1_";

    private DaytonaSignatures() {}

    static boolean signed(Exchange exchange) {
        String path = DaytonaToolbox.pathInside(exchange.path());
        return exchange.query("signature").isPresent()
                && (path.equals("/files/download") || path.equals("/files/upload-v2"));
    }

    static boolean valid(Exchange exchange, String key, Instant now) {
        String expires = exchange.query("expires").orElse("");
        if (!expires.matches("[0-9]{1,18}")) {
            return false;
        }
        long end = Long.parseLong(expires);
        String text =
                "v1:files:" + exchange.method() + ":" + exchange.query("path").orElse("") + ":" + expires;
        byte[] wanted = (PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(hmac(key, text)))
                .getBytes(StandardCharsets.UTF_8);
        byte[] given = exchange.query("signature").orElse("").getBytes(StandardCharsets.UTF_8);
        return MessageDigest.isEqual(wanted, given) && (end == 0 || now.getEpochSecond() <= end);
    }

    private static byte[] hmac(String key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JVM has HmacSHA256", e);
        }
    }
}
