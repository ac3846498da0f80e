package dev.sandkeeper.fly;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Compares every request and every answer with Fly's own OpenAPI description of its Machines API, where that is found: paths,
 * methods, query parameters, fields and their types, statuses. Stricter than the service, which passes over what it does not
 * know. Where the description is known to be wrong, the exception is named.
 */
final class MachinesDescription implements Consumer<SimulatorTraffic> {
    private static final Path FILE = Path.of("../shared/specs/fly/machines-openapi3.json");
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** The list's filter by metadata and the force of deleting an app are documented elsewhere. */
    private static final Map<String, Set<String>> OTHER_PARAMETERS = Map.of(
            "DELETE /v1/apps/{app_name}", Set.of("force"),
            "POST /v1/apps", Set.of("wait"));

    /** The documents say app_name where the description says name. */
    private static final Map<String, Set<String>> OTHER_FIELDS = Map.of("POST /v1/apps", Set.of("app_name"));

    private final JsonNode description;
    private final Set<String> violations = new ConcurrentSkipListSet<>();
    private final Set<String> operations = new ConcurrentSkipListSet<>();

    private MachinesDescription(JsonNode description) {
        this.description = description;
    }

    /** {@return the description, if it lies beside the repository} */
    static Optional<MachinesDescription> find() {
        for (Path root = Path.of("").toAbsolutePath(); root != null; root = root.getParent()) {
            Path file = root.resolve(FILE);
            if (Files.isReadable(file) && Files.isDirectory(root.resolve("sandbox-fly"))) {
                try {
                    return Optional.of(new MachinesDescription(MAPPER.readTree(file.toFile())));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        return Optional.empty();
    }

    Set<String> violations() {
        return violations;
    }

    /** {@return which operations were seen} */
    Set<String> operations() {
        return operations;
    }

    @Override
    public void accept(SimulatorTraffic traffic) {
        String template = template(traffic.path());
        if (template == null) {
            violations.add(traffic.method() + " " + traffic.path() + ": no such path");
            return;
        }
        String name = traffic.method() + " " + template;
        JsonNode operation =
                description.path("paths").path(template).path(traffic.method().toLowerCase(Locale.ROOT));
        if (operation.isMissingNode()) {
            violations.add(name + ": no such method");
            return;
        }
        operations.add(name);
        parameters(name, operation, traffic.query());
        if (traffic.requestBody().length > 0) {
            JsonNode schema = schema(operation.path("requestBody"));
            check(name + " request", json(traffic.requestBody()), schema, OTHER_FIELDS.getOrDefault(name, Set.of()));
        }
        if (traffic.status() != 0 && traffic.complete()) {
            answer(name, operation, traffic);
        }
    }

    private void answer(String name, JsonNode operation, SimulatorTraffic traffic) {
        int status = traffic.status();
        if (status >= 400) {
            // most of these are missing from the description
            check(
                    name + " " + status,
                    json(traffic.answerBody()),
                    description.path("components").path("schemas").path("ErrorResponse"),
                    Set.of());
            return;
        }
        JsonNode declared = operation.path("responses").path(Integer.toString(status));
        if (declared.isMissingNode()) {
            violations.add(name + ": answers " + status);
            return;
        }
        JsonNode schema = schema(declared);
        // of some, such as destroying, the description has no body
        if (!schema.isMissingNode() && traffic.answerBody().length > 0) {
            check(name + " " + status, json(traffic.answerBody()), schema, Set.of());
        }
    }

    private static JsonNode schema(JsonNode holder) {
        JsonNode content = holder.path("content");
        return content.has("application/json")
                ? content.path("application/json").path("schema")
                : content.elements().hasNext() ? content.elements().next().path("schema") : content.path("none");
    }

    private void parameters(String name, JsonNode operation, String query) {
        if (query.isEmpty()) {
            return;
        }
        Set<String> known = new TreeSet<>(OTHER_PARAMETERS.getOrDefault(name, Set.of()));
        operation
                .path("parameters")
                .forEach(parameter -> known.add(parameter.path("name").asText()));
        for (String pair : query.split("&", -1)) {
            String key = URLDecoder.decode(pair.split("=", 2)[0], StandardCharsets.UTF_8);
            if (!known.contains(key)
                    && !(name.equals("GET /v1/apps/{app_name}/machines") && key.startsWith("metadata."))) {
                violations.add(name + ": query parameter " + key);
            }
        }
    }

    private @Nullable String template(String path) {
        String[] given = path.split("/", -1);
        for (String template :
                (Iterable<String>) () -> description.path("paths").fieldNames()) {
            String[] wanted = template.split("/", -1);
            boolean fits = wanted.length == given.length;
            for (int i = 0; fits && i < wanted.length; i++) {
                fits = wanted[i].startsWith("{") || wanted[i].equals(given[i]);
            }
            if (fits) {
                return template;
            }
        }
        return null;
    }

    private static JsonNode json(byte[] bytes) {
        try {
            return MAPPER.readTree(bytes);
        } catch (IOException e) {
            return MAPPER.missingNode();
        }
    }

    private void check(String where, JsonNode value, JsonNode schema, Set<String> others) {
        JsonNode real = schema;
        while (real.has("$ref")) {
            String reference = real.path("$ref").asText();
            real = description
                    .path("components")
                    .path("schemas")
                    .path(reference.substring(reference.lastIndexOf('/') + 1));
        }
        if (real.has("allOf")) {
            for (JsonNode part : real.path("allOf")) {
                check(where, value, part, others);
            }
            return;
        }
        if (value.isNull()) {
            return;
        }
        boolean fits = switch (real.path("type").asText("")) {
            case "string" -> value.isTextual();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            case "array" -> value.isArray();
            case "object" -> value.isObject();
            default -> !value.isMissingNode();
        };
        if (!fits) {
            violations.add(where + ": " + value.getNodeType() + " is no "
                    + real.path("type").asText());
            return;
        }
        if (real.has("enum") && !contains(real.path("enum"), value)) {
            violations.add(where + ": " + value + " is not one of its words");
        }
        if (value.isArray()) {
            for (JsonNode item : value) {
                check(where + "[]", item, real.path("items"), Set.of());
            }
        } else if (value.isObject() && real.has("properties")) {
            for (Map.Entry<String, JsonNode> field : value.properties()) {
                JsonNode property = real.path("properties").path(field.getKey());
                if (!property.isMissingNode()) {
                    check(where + "." + field.getKey(), field.getValue(), property, Set.of());
                } else if (!others.contains(field.getKey())) {
                    violations.add(where + ": unknown field " + field.getKey());
                }
            }
        } else if (value.isObject() && real.path("additionalProperties").isObject()) {
            for (JsonNode item : value) {
                check(where + ".*", item, real.path("additionalProperties"), Set.of());
            }
        }
    }

    private static boolean contains(JsonNode words, JsonNode value) {
        for (JsonNode word : words) {
            if (word.equals(value)) {
                return true;
            }
        }
        return false;
    }
}
