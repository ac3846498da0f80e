package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a request says, read as strictly as the provider reads it: a wrong type is refused, an unknown name is not looked at.
 *
 * @param body an object
 * @param refusal how a message becomes an error
 */
record DaytonaFields(JsonNode body, Function<String, DaytonaRefusal> refusal) {
    /** As the control plane answers. */
    static DaytonaFields control(JsonNode body) {
        return new DaytonaFields(body, DaytonaRefusal::bad);
    }

    /** As the toolbox answers. */
    static DaytonaFields toolbox(JsonNode body) {
        return new DaytonaFields(
                body, text -> DaytonaRefusal.coded(400, "INVALID_REQUEST_BODY", "invalid body request: " + text));
    }

    /** A null is as good as nothing. */
    private JsonNode value(String name) {
        JsonNode value = body.path(name);
        return value.isNull() ? MissingNode.getInstance() : value;
    }

    boolean has(String name) {
        return !value(name).isMissingNode();
    }

    @Nullable
    String text(String name) {
        JsonNode value = value(name);
        if (value.isMissingNode()) {
            return null;
        }
        if (!value.isTextual()) {
            throw refusal.apply(name + " must be a string");
        }
        return value.textValue();
    }

    String text(String name, String otherwise) {
        String text = text(name);
        return text == null ? otherwise : text;
    }

    String needed(String name) {
        String text = text(name);
        if (text == null || text.isEmpty()) {
            throw refusal.apply(name + " should not be empty");
        }
        return text;
    }

    @Nullable
    Long number(String name) {
        JsonNode value = value(name);
        if (value.isMissingNode()) {
            return null;
        }
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw refusal.apply(name + " must be an integer number");
        }
        return value.longValue();
    }

    long number(String name, long least, long otherwise) {
        Long number = number(name);
        if (number == null) {
            return otherwise;
        }
        if (number < least) {
            throw refusal.apply(name + " must not be less than " + least);
        }
        return number;
    }

    boolean flag(String name) {
        JsonNode value = value(name);
        if (!value.isMissingNode() && !value.isBoolean()) {
            throw refusal.apply(name + " must be a boolean value");
        }
        return value.booleanValue();
    }

    Map<String, String> texts(String name) {
        JsonNode value = value(name);
        Map<String, String> texts = new LinkedHashMap<>();
        if (value.isMissingNode()) {
            return texts;
        }
        if (!value.isObject()) {
            throw refusal.apply(name + " must be an object");
        }
        value.properties().forEach(entry -> {
            if (!entry.getValue().isTextual()) {
                throw refusal.apply(name + "." + entry.getKey() + " must be a string");
            }
            texts.put(entry.getKey(), entry.getValue().textValue());
        });
        return texts;
    }

    List<String> list(String name) {
        List<String> list = new ArrayList<>();
        for (JsonNode each : array(name)) {
            if (!each.isTextual()) {
                throw refusal.apply("each value in " + name + " must be a string");
            }
            list.add(each.textValue());
        }
        return list;
    }

    List<DaytonaFields> objects(String name) {
        List<DaytonaFields> objects = new ArrayList<>();
        for (JsonNode each : array(name)) {
            if (!each.isObject()) {
                throw refusal.apply("each value in " + name + " must be an object");
            }
            objects.add(new DaytonaFields(each, refusal));
        }
        return objects;
    }

    @Nullable
    DaytonaFields object(String name) {
        JsonNode value = value(name);
        if (value.isMissingNode()) {
            return null;
        }
        if (!value.isObject()) {
            throw refusal.apply(name + " must be an object");
        }
        return new DaytonaFields(value, refusal);
    }

    private JsonNode array(String name) {
        JsonNode value = value(name);
        if (!value.isMissingNode() && !value.isArray()) {
            throw refusal.apply(name + " must be an array");
        }
        return value;
    }
}
