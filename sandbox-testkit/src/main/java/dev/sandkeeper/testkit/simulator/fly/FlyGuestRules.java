package dev.sandkeeper.testkit.simulator.fly;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What Fly refuses of a Machine's configuration. */
final class FlyGuestRules {
    private static final Set<Integer> SHARED = Set.of(1, 2, 4, 6, 8);
    private static final Set<Integer> PERFORMANCE = Set.of(1, 2, 4, 6, 8, 10, 12, 14, 16);
    private static final Set<String> POLICIES = Set.of("no", "always", "on-failure", "spot-price");
    private static final Set<String> STOP_SIGNALS =
            Set.of("SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM");
    private static final Pattern GO_DURATION = Pattern.compile("([0-9]+)(ms|s|m|h)");

    private FlyGuestRules() {}

    static void check(JsonNode config) {
        if (config.path("image").asText("").isBlank()) {
            throw FlyRefusal.invalid("config.image is required");
        }
        guest(config.path("guest"));
        String policy = config.path("restart").path("policy").asText("no");
        if (!POLICIES.contains(policy)) {
            throw FlyRefusal.invalid("restart policy '" + policy + "' is not known");
        }
        JsonNode stop = config.path("stop_config");
        if (stop.has("signal") && !STOP_SIGNALS.contains(stop.path("signal").asText())) {
            throw FlyRefusal.invalid("invalid stop_config.signal");
        }
        if (stop.has("timeout") && duration(stop.path("timeout").asText()).compareTo(Duration.ofMinutes(5)) > 0) {
            throw FlyRefusal.invalid("invalid stop_config.timeout, cannot exceed 5 minutes");
        }
        if (config.path("mounts").size() > 1) {
            throw FlyRefusal.invalid("only one volume per machine is supported");
        }
    }

    private static void guest(JsonNode guest) {
        if (guest.isMissingNode()) {
            return;
        }
        String kind = guest.path("cpu_kind").asText("shared");
        int cpus = guest.path("cpus").asInt(1);
        int memory = guest.path("memory_mb").asInt(256);
        boolean shared = kind.equals("shared");
        if (!shared && !kind.equals("performance")) {
            throw FlyRefusal.invalid("cpu_kind '" + kind + "' is not known");
        }
        if (!(shared ? SHARED : PERFORMANCE).contains(cpus)) {
            throw FlyRefusal.invalid("cpus: " + cpus + " is no size of " + kind);
        }
        int step = shared ? 256 : 2048;
        int most = (shared ? 2048 : 8192) * cpus;
        if (memory < step * cpus || memory > most || memory % step != 0) {
            throw FlyRefusal.invalid("memory_mb: " + kind + "-" + cpus + "x takes from " + step * cpus + " to " + most
                    + " MiB in steps of " + step + ", not " + memory);
        }
    }

    /** As Go writes it. */
    static Duration duration(String text) {
        Matcher matcher = GO_DURATION.matcher(text);
        if (!matcher.matches()) {
            throw FlyRefusal.badRequest("time: invalid duration \"" + text + "\"");
        }
        long count = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(count);
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            default -> Duration.ofHours(count);
        };
    }
}
