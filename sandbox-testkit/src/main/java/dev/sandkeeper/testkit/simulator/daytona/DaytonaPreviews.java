package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Addresses at which services in sandboxes are seen from outside. Safe from many threads. */
final class DaytonaPreviews {
    static final long LONGEST_SECONDS = 86_400;
    private static final int LAST_PORT = 65_535;

    /** Before a login's name, which no address can have. */
    private static final String SSH = "ssh ";

    private final Map<String, Signed> signed = new ConcurrentHashMap<>();
    private final DaytonaTime time;
    private final String domain;

    /** What a name in a signed address stands for. */
    record Signed(String sandbox, int port, Instant end) {}

    DaytonaPreviews(DaytonaTime time, String domain) {
        this.time = time;
        this.domain = domain;
    }

    static int port(String text) {
        if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > LAST_PORT) {
            throw DaytonaRefusal.bad("Invalid port");
        }
        return Integer.parseInt(text);
    }

    ObjectNode plain(DaytonaBox box, int port) {
        return Json.object()
                .put("sandboxId", box.id)
                .put("url", url(port, box.id))
                .put("token", box.previewToken);
    }

    /** How addresses are made, as the provider writes it. */
    String template() {
        return "http://{{PORT}}-{{sandboxId}}." + domain;
    }

    private String url(int port, String name) {
        return "http://" + port + "-" + name + "." + domain;
    }

    ObjectNode sign(DaytonaBox box, int port, long seconds) {
        if (seconds < 1 || seconds > LONGEST_SECONDS) {
            throw DaytonaRefusal.bad("expiresInSeconds must be between 1 second and 24 hours");
        }
        String token = DaytonaTokens.signed();
        signed.put(token, new Signed(box.id, port, time.now().plus(Duration.ofSeconds(seconds))));
        return Json.object()
                .put("sandboxId", box.id)
                .put("port", port)
                .put("token", token)
                .put("url", url(port, token));
    }

    void revoke(DaytonaBox box, int port, String token) {
        Signed known = signed.get(token);
        if (known == null || !known.sandbox().equals(box.id) || known.port() != port) {
            throw DaytonaRefusal.missing("Signed preview URL not found");
        }
        signed.remove(token);
    }

    /** A login that this host has no server for. */
    ObjectNode giveSsh(DaytonaBox box, long minutes) {
        String token = DaytonaTokens.ssh();
        Instant now = time.now();
        Instant end = now.plus(Duration.ofMinutes(minutes));
        signed.put(SSH + token, new Signed(box.id, 22, end));
        ObjectNode access = Json.object();
        access.put("id", DaytonaShelf.id()).put("sandboxId", box.id).put("token", token);
        access.put("expiresAt", DaytonaTime.millis(end));
        access.put("createdAt", DaytonaTime.millis(now)).put("updatedAt", DaytonaTime.millis(now));
        return access.put("sshCommand", "ssh -p 22 " + token + "@127.0.0.1");
    }

    /** Ends one login of a sandbox, or all of them. */
    void endSsh(DaytonaBox box, String token) {
        signed.entrySet()
                .removeIf(entry -> entry.getKey().startsWith(SSH + token)
                        && entry.getValue().sandbox().equals(box.id));
    }

    /** The sandbox that a login leads to, while it does. */
    Optional<String> ssh(String token) {
        return find(SSH + token).map(Signed::sandbox);
    }

    /** What a name in an address stands for, while it does. */
    Optional<Signed> find(String token) {
        return Optional.ofNullable(signed.get(token))
                .filter(known -> known.end().isAfter(time.now()));
    }
}
