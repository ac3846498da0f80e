package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.testkit.simulator.internal.Fields;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A request for a sandbox that E2B would accept.
 *
 * @param template as it was asked for, without a tag
 * @param timeout time to live
 * @param metadata to be found by
 * @param environment of every process
 * @param secure whether the daemon wants the token
 * @param autoPause whether it is paused at its end
 * @param autoResume whether traffic resumes it
 * @param internet whether it has a network; null if nobody said
 * @param network rules, as they were sent
 * @param volumes mounts, as they were sent
 */
record NewSandbox(
        String template,
        Duration timeout,
        Map<String, String> metadata,
        Map<String, String> environment,
        boolean secure,
        boolean autoPause,
        boolean autoResume,
        @Nullable Boolean internet,
        @Nullable JsonNode network,
        @Nullable JsonNode volumes) {
    private static final String[] FIELDS = {
        "templateID",
        "timeout",
        "metadata",
        "envVars",
        "autoPause",
        "autoPauseMemory",
        "autoResume",
        "allow_internet_access",
        "network",
        "volumeMounts",
        "mcp",
        "iam",
        "secure"
    };
    private static final String[] NETWORK = {
        "allowOut", "denyOut", "allowPublicTraffic", "maskRequestHost", "rules", "egressProxy", "httpsPorts"
    };

    NewSandbox {
        metadata = Map.copyOf(metadata);
        environment = Map.copyOf(environment);
    }

    /** Reads what version 1 or 2 of the API takes. */
    static NewSandbox read(byte[] body, int version, Duration longest) {
        String[] allowed = version == 1
                ? FIELDS
                : List.of(FIELDS).subList(0, FIELDS.length - 1).toArray(new String[0]);
        Fields fields = Fields.of(body, ApiErrors::invalid, allowed);
        String template = fields.needText("templateID");
        if (template.isBlank()) {
            throw ApiErrors.badRequest("templateID is empty");
        }
        Duration timeout = timeout(fields, "timeout", version == 1 ? 15 : 300, longest);
        boolean secure = version == 2 || fields.flag("secure").orElse(false);
        boolean autoPause = fields.flag("autoPause").orElse(false);
        boolean memory = fields.flag("autoPauseMemory").orElse(true);
        boolean autoResume = fields.fields("autoResume", "enabled")
                .flatMap(each -> each.flag("enabled"))
                .orElse(false);
        if (!memory && autoResume) {
            throw ApiErrors.badRequest("autoPauseMemory=false cannot be combined with autoResume");
        }
        Optional<Fields> network = fields.fields("network", NETWORK);
        network.ifPresent(rules -> checkNetwork(rules, secure));
        for (Fields mount : fields.list("volumeMounts", "name", "path")) {
            mount.needText("name");
            mount.needText("path");
        }
        return new NewSandbox(
                template,
                timeout,
                fields.textMap("metadata").orElse(Map.of()),
                fields.textMap("envVars").orElse(Map.of()),
                secure,
                autoPause,
                autoResume,
                fields.flag("allow_internet_access").orElse(null),
                fields.value("network").orElse(null),
                fields.value("volumeMounts").orElse(null));
    }

    static Duration timeout(Fields fields, String name, long usual, Duration longest) {
        long seconds = fields.number(name, Integer.MIN_VALUE, Integer.MAX_VALUE).orElse(usual);
        if (seconds <= 0) {
            throw ApiErrors.badRequest("Timeout must be greater than 0");
        }
        if (seconds > longest.toSeconds()) {
            throw ApiErrors.badRequest("Timeout cannot be greater than " + longest.toHours() + " hours");
        }
        return Duration.ofSeconds(seconds);
    }

    private static void checkNetwork(Fields rules, boolean secure) {
        checkRules(rules);
        if (!rules.flag("allowPublicTraffic").orElse(true) && !secure) {
            throw ApiErrors.badRequest("allowPublicTraffic=false needs a secure sandbox");
        }
        rules.text("maskRequestHost");
    }

    /** Of a create and of an update alike. */
    static void checkRules(Fields rules) {
        List<String> allow = rules.texts("allowOut").orElse(List.of());
        List<String> deny = rules.texts("denyOut").orElse(List.of());
        boolean names = allow.stream().anyMatch(each -> !each.matches("[0-9a-fA-F.:]+(/[0-9]{1,3})?"));
        if (names && !deny.contains("0.0.0.0/0")) {
            throw ApiErrors.badRequest("allowOut with domains needs denyOut to contain 0.0.0.0/0");
        }
        for (String each : deny) {
            if (!each.matches("[0-9a-fA-F.:]+(/[0-9]{1,3})?")) {
                throw ApiErrors.badRequest("denyOut must hold IP addresses and CIDR blocks only: " + each);
            }
        }
    }

    /** For one that is made from a running sandbox. */
    NewSandbox withTimeout(Duration other) {
        return new NewSandbox(
                template, other, metadata, environment, secure, autoPause, autoResume, internet, network, volumes);
    }

    /** The template only: the rest may hold secrets. */
    @Override
    public String toString() {
        return "NewSandbox[" + template + "]";
    }
}
