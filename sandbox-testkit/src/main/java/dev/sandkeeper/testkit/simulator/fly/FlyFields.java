package dev.sandkeeper.testkit.simulator.fly;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * Reads bodies. Fly passes over fields that it does not know, so that a misspelt one looks fine and does nothing; here they are
 * noted, so that a test can insist that none was sent. A field of another type is refused, as Go does it.
 */
final class FlyFields {
    private static final String STRINGS = "strings";
    private static final String MAP = "map";

    /** Field by field: a type of JSON, or the name of another of these. */
    private static final Map<String, Map<String, String>> KNOWN = Map.ofEntries(
            Map.entry(
                    "app",
                    Map.of(
                            "name", "string",
                            "app_name", "string",
                            "org_slug", "string",
                            "network", "string",
                            "enable_subdomains", "boolean")),
            Map.entry(
                    "create",
                    Map.of(
                            "name", "string",
                            "region", "string",
                            "config", "config",
                            "skip_launch", "boolean",
                            "skip_secrets", "boolean",
                            "skip_service_registration", "boolean",
                            "lease_ttl", "number",
                            "min_secrets_version", "number")),
            Map.entry(
                    "update",
                    Map.of(
                            "name", "string",
                            "region", "string",
                            "config", "config",
                            "current_version", "string",
                            "skip_launch", "boolean",
                            "skip_secrets", "boolean",
                            "skip_service_registration", "boolean",
                            "lease_ttl", "number",
                            "min_secrets_version", "number")),
            Map.entry(
                    "config",
                    Map.ofEntries(
                            Map.entry("auto_destroy", "boolean"),
                            Map.entry("cache_drive", "any"),
                            Map.entry("checks", "any"),
                            Map.entry("containers", "any"),
                            Map.entry("disable_machine_autostart", "boolean"),
                            Map.entry("dns", "dns"),
                            Map.entry("env", MAP),
                            Map.entry("files", "any"),
                            Map.entry("guest", "guest"),
                            Map.entry("image", "string"),
                            Map.entry("init", "init"),
                            Map.entry("metadata", MAP),
                            Map.entry("metrics", "any"),
                            Map.entry("mounts", "any"),
                            Map.entry("processes", "any"),
                            Map.entry("restart", "restart"),
                            Map.entry("rootfs", "rootfs"),
                            Map.entry("schedule", "string"),
                            Map.entry("services", "any"),
                            Map.entry("size", "string"),
                            Map.entry("spot", "any"),
                            Map.entry("standbys", STRINGS),
                            Map.entry("statics", "any"),
                            Map.entry("stop_config", "stop_config"))),
            Map.entry(
                    "guest",
                    Map.of(
                            "cpu_kind", "string",
                            "cpus", "number",
                            "memory_mb", "number",
                            "max_memory_mb", "number",
                            "gpu_kind", "string",
                            "gpus", "number",
                            "host_dedication_id", "string",
                            "kernel_args", STRINGS,
                            "persist_rootfs", "string")),
            Map.entry(
                    "init",
                    Map.of(
                            "cmd", STRINGS,
                            "entrypoint", STRINGS,
                            "exec", STRINGS,
                            "kernel_args", STRINGS,
                            "swap_size_mb", "number",
                            "tty", "boolean")),
            Map.entry("restart", Map.of("policy", "string", "max_retries", "number", "gpu_bid_price", "number")),
            Map.entry("rootfs", Map.of("persist", "string", "size_gb", "number")),
            Map.entry("stop_config", Map.of("signal", "string", "timeout", "string")),
            Map.entry(
                    "dns",
                    Map.of(
                            "skip_registration", "boolean",
                            "hostname", "string",
                            "hostname_fqdn", "string",
                            "nameservers", STRINGS,
                            "searches", STRINGS,
                            "options", "any",
                            "dns_forward_rules", "any")),
            Map.entry(
                    "exec",
                    Map.of(
                            "command", STRINGS,
                            "cmd", "string",
                            "timeout", "number",
                            "stdin", "string",
                            "container", "string",
                            "machine", "boolean")),
            Map.entry("stop", Map.of("signal", "string", "timeout", "string")),
            Map.entry("signal", Map.of("signal", "any")),
            Map.entry("lease", Map.of("ttl", "number", "description", "string")),
            Map.entry("value", Map.of("value", "string", "updated_at", "string")),
            Map.entry("metadata", Map.of("metadata", "any", "machine_version", "string")),
            Map.entry(
                    "volume",
                    Map.ofEntries(
                            Map.entry("name", "string"),
                            Map.entry("region", "string"),
                            Map.entry("size_gb", "number"),
                            Map.entry("encrypted", "boolean"),
                            Map.entry("snapshot_id", "string"),
                            Map.entry("source_volume_id", "string"),
                            Map.entry("snapshot_retention", "number"),
                            Map.entry("auto_backup_enabled", "boolean"),
                            Map.entry("require_unique_zone", "boolean"),
                            Map.entry("unique_zone_app_wide", "boolean"),
                            Map.entry("fstype", "string"),
                            Map.entry("compute", "any"),
                            Map.entry("compute_image", "string"))));

    private final Set<String> unknown = new ConcurrentSkipListSet<>();

    /** What was sent and passed over: route and field. */
    List<String> unknown() {
        return List.copyOf(unknown);
    }

    /** Reads a body whose fields are those of a kind. */
    JsonNode read(Exchange exchange, String kind) throws IOException {
        byte[] body = exchange.bytes();
        if (body.length == 0) {
            return Json.object();
        }
        JsonNode read;
        try {
            read = Json.read(body);
        } catch (IOException e) {
            throw FlyRefusal.badRequest("invalid JSON: " + e.getMessage());
        }
        if (!read.isObject()) {
            throw FlyRefusal.badRequest("json: cannot unmarshal "
                    + (read.isArray() ? "array" : read.getNodeType().toString().toLowerCase(Locale.ROOT))
                    + " into Go value of type main." + kind + "Request");
        }
        check(exchange.route(), "", read, kind);
        return read;
    }

    private void check(String route, String path, JsonNode object, String kind) {
        Map<String, String> known = KNOWN.get(kind);
        if (known == null) {
            throw new IllegalArgumentException(kind);
        }
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            String name = path + field.getKey();
            String type = known.get(field.getKey());
            if (type == null) {
                unknown.add(route + ": " + name);
            } else if (!field.getValue().isNull()) {
                checkType(route, name, field.getValue(), type);
            }
        }
    }

    private void checkType(String route, String name, JsonNode value, String type) {
        boolean fits = switch (type) {
            case "any" -> true;
            case "string" -> value.isTextual();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            case STRINGS -> value.isArray() && texts(value);
            case MAP -> value.isObject() && texts(value);
            default -> value.isObject();
        };
        if (!fits) {
            throw FlyRefusal.badRequest("json: cannot unmarshal into Go struct field " + name);
        }
        if (KNOWN.containsKey(type) && value.isObject()) {
            check(route, name + ".", value, type);
        }
    }

    private static boolean texts(JsonNode values) {
        for (JsonNode value : values) {
            if (!value.isTextual()) {
                return false;
            }
        }
        return true;
    }
}
