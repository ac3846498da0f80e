package dev.sandkeeper.testkit.simulator.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The fields of a JSON object that a client has sent, read strictly: a field that nobody knows, the wrong type or a number out
 * of range is refused in the provider's words. A field that is null counts as absent.
 */
public final class Fields {
    private final JsonNode object;
    private final String at;
    private final Function<String, ? extends RuntimeException> complaint;

    private Fields(JsonNode object, String at, Function<String, ? extends RuntimeException> complaint) {
        this.object = object;
        this.at = at;
        this.complaint = complaint;
    }

    /**
     * Reads an object.
     *
     * @param text UTF-8
     * @param complaint makes what is thrown of what is wrong
     * @param allowed the names that the service knows
     * @return the fields
     */
    public static Fields of(byte[] text, Function<String, ? extends RuntimeException> complaint, String... allowed) {
        JsonNode value;
        try {
            value = Json.read(text);
        } catch (IOException e) {
            throw complaint.apply(String.valueOf(e.getMessage()));
        }
        return of(value, "", complaint, allowed);
    }

    private static Fields of(
            JsonNode value, String at, Function<String, ? extends RuntimeException> complaint, String... allowed) {
        if (!value.isObject()) {
            throw complaint.apply("value must be an object" + (at.isEmpty() ? "" : " at \"" + at + "\""));
        }
        Set<String> known = Set.of(allowed);
        value.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                throw complaint.apply("property \"" + name + "\" is unsupported at \"" + at + "/\"");
            }
        });
        return new Fields(value, at, complaint);
    }

    /**
     * Whether there is a field.
     *
     * @param name its name
     * @return false also if it is null
     */
    public boolean has(String name) {
        return object.hasNonNull(name);
    }

    /**
     * The field as it came.
     *
     * @param name its name
     * @return nothing if it is absent or null
     */
    public Optional<JsonNode> value(String name) {
        return Optional.ofNullable(object.get(name)).filter(value -> !value.isNull());
    }

    /**
     * A text.
     *
     * @param name the field
     * @return nothing if it is absent
     */
    public Optional<String> text(String name) {
        return value(name).map(value -> {
            require(value.isTextual(), name, "a string");
            return value.textValue();
        });
    }

    /**
     * A text that must be there.
     *
     * @param name the field
     * @return the text
     */
    public String needText(String name) {
        return text(name).orElseThrow(() -> complaint.apply("property \"" + name + "\" is missing"));
    }

    /**
     * A whole number.
     *
     * @param name the field
     * @param least the least that is taken
     * @param most the most that is taken
     * @return nothing if it is absent
     */
    public Optional<Long> number(String name, long least, long most) {
        return value(name).map(value -> {
            require(value.isIntegralNumber() && value.canConvertToLong(), name, "an integer");
            if (value.longValue() < least || value.longValue() > most) {
                throw complaint.apply(
                        "number must be from " + least + " to " + most + " at \"" + at + "/" + name + "\"");
            }
            return value.longValue();
        });
    }

    /**
     * A number that may have a fraction.
     *
     * @param name the field
     * @return nothing if it is absent
     */
    public Optional<Double> decimal(String name) {
        return value(name).map(value -> {
            require(value.isNumber(), name, "a number");
            return value.doubleValue();
        });
    }

    /**
     * True or false.
     *
     * @param name the field
     * @return nothing if it is absent
     */
    public Optional<Boolean> flag(String name) {
        return value(name).map(value -> {
            require(value.isBoolean(), name, "a boolean");
            return value.booleanValue();
        });
    }

    /**
     * A list of texts.
     *
     * @param name the field
     * @return nothing if it is absent
     */
    public Optional<List<String>> texts(String name) {
        return value(name).map(value -> {
            require(value.isArray(), name, "an array");
            List<String> texts = new ArrayList<>();
            for (JsonNode each : value) {
                require(each.isTextual(), name, "an array of strings");
                texts.add(each.textValue());
            }
            return List.copyOf(texts);
        });
    }

    /**
     * Texts by name.
     *
     * @param name the field
     * @return nothing if it is absent; in the order of the request
     */
    public Optional<Map<String, String>> textMap(String name) {
        return value(name).map(value -> {
            require(value.isObject(), name, "an object");
            Map<String, String> map = new LinkedHashMap<>();
            value.properties().forEach(each -> {
                require(each.getValue().isTextual(), name + "/" + each.getKey(), "a string");
                map.put(each.getKey(), each.getValue().textValue());
            });
            return map;
        });
    }

    /**
     * An object within.
     *
     * @param name the field
     * @param allowed the names that the service knows
     * @return nothing if it is absent
     */
    public Optional<Fields> fields(String name, String... allowed) {
        return value(name).map(value -> of(value, at + "/" + name, complaint, allowed));
    }

    /**
     * A list of objects within.
     *
     * @param name the field
     * @param allowed the names that the service knows
     * @return empty if it is absent
     */
    public List<Fields> list(String name, String... allowed) {
        List<Fields> list = new ArrayList<>();
        value(name).ifPresent(value -> {
            require(value.isArray(), name, "an array");
            value.forEach(each -> list.add(of(each, at + "/" + name + "/" + list.size(), complaint, allowed)));
        });
        return list;
    }

    private void require(boolean holds, String name, String type) {
        if (!holds) {
            throw complaint.apply("value must be " + type + " at \"" + at + "/" + name + "\"");
        }
    }
}
