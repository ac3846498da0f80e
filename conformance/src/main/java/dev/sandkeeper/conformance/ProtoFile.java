package dev.sandkeeper.conformance;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a simple proto3 file says: one service, messages within messages, no imports but of well-known types.
 *
 * @param service package and name
 * @param methods by name
 * @param messages by name; nested ones with the message around them, such as {@code ProcessEvent.EndEvent}
 * @param enums the words by name
 */
record ProtoFile(
        String service, Map<String, Method> methods, Map<String, Message> messages, Map<String, Set<String>> enums) {
    private static final Pattern TOKEN =
            Pattern.compile("//[^\n]*|/\\*.*?\\*/|\"[^\"]*\"|[A-Za-z0-9_.]+|[{}()=;,<>]", Pattern.DOTALL);

    /** A call. */
    record Method(String name, boolean streamsRequest, String request, boolean streamsAnswer, String answer) {}

    /** A message. */
    record Message(Map<String, Field> fields) {}

    /** A field, by its JSON name. */
    record Field(
            String type,
            boolean repeated,
            boolean map,
            @Nullable String oneOf) {}

    static ProtoFile parse(String text) {
        return new Parser(text).parse();
    }

    private static final class Parser {
        private final ArrayDeque<String> tokens = new ArrayDeque<>();
        private final Map<String, Method> methods = new HashMap<>();
        private final Map<String, Map<String, Field>> messages = new HashMap<>();
        private final Map<String, Set<String>> enums = new HashMap<>();
        private String pack = "";
        private String service = "";

        Parser(String text) {
            Matcher matcher = TOKEN.matcher(text);
            while (matcher.find()) {
                if (!matcher.group().startsWith("//") && !matcher.group().startsWith("/*")) {
                    tokens.add(matcher.group());
                }
            }
        }

        ProtoFile parse() {
            while (!tokens.isEmpty()) {
                switch (tokens.remove()) {
                    case "package" -> {
                        pack = tokens.remove();
                        skip(";");
                    }
                    case "service" -> readService();
                    case "message" -> readMessage("");
                    case "enum" -> readEnum();
                    default -> skip(";");
                }
            }
            Map<String, Message> read = new HashMap<>();
            messages.forEach((name, fields) -> read.put(name, new Message(resolved(name, fields))));
            return new ProtoFile(pack + "." + service, methods, read, enums);
        }

        /** A type is looked for in the message around it first, and outwards from there. */
        private Map<String, Field> resolved(String around, Map<String, Field> fields) {
            Map<String, Field> all = new LinkedHashMap<>();
            fields.forEach((name, field) -> all.put(
                    name, new Field(resolve(around, field.type()), field.repeated(), field.map(), field.oneOf())));
            return all;
        }

        private String resolve(String around, String type) {
            for (String scope = around; !scope.isEmpty(); scope = outer(scope)) {
                if (messages.containsKey(scope + "." + type)) {
                    return scope + "." + type;
                }
            }
            return type;
        }

        private static String outer(String scope) {
            int dot = scope.lastIndexOf('.');
            return dot < 0 ? "" : scope.substring(0, dot);
        }

        private void readService() {
            service = tokens.remove();
            skip("{");
            while (!tokens.element().equals("}")) {
                skip("rpc");
                String name = tokens.remove();
                skip("(");
                boolean streamsRequest = take("stream");
                String request = tokens.remove();
                skip("(");
                boolean streamsAnswer = take("stream");
                String answer = tokens.remove();
                skip(")");
                skip(";");
                methods.put(name, new Method(name, streamsRequest, request, streamsAnswer, answer));
            }
            tokens.remove();
        }

        private void readMessage(String around) {
            String name = (around.isEmpty() ? "" : around + ".") + tokens.remove();
            Map<String, Field> fields = new LinkedHashMap<>();
            messages.put(name, fields);
            skip("{");
            readFields(name, fields, null);
        }

        private void readFields(String message, Map<String, Field> fields, @Nullable String oneOf) {
            while (true) {
                String token = tokens.remove();
                switch (token) {
                    case "}" -> {
                        return;
                    }
                    case "message" -> readMessage(message);
                    case "enum" -> readEnum();
                    case "oneof" -> {
                        String group = tokens.remove();
                        skip("{");
                        readFields(message, fields, group);
                    }
                    case "map" -> {
                        skip(",");
                        String type = tokens.remove();
                        skip(">");
                        readName(fields, new Field(type, false, true, oneOf));
                    }
                    case "repeated" -> readName(fields, new Field(tokens.remove(), true, false, oneOf));
                    case "optional" -> readName(fields, new Field(tokens.remove(), false, false, oneOf));
                    default -> readName(fields, new Field(token, false, false, oneOf));
                }
            }
        }

        private void readName(Map<String, Field> fields, Field field) {
            fields.put(camel(tokens.remove()), field);
            skip(";");
        }

        private static String camel(String name) {
            return Pattern.compile("_([a-z])")
                    .matcher(name)
                    .replaceAll(match -> match.group(1).toUpperCase(Locale.ROOT));
        }

        private void readEnum() {
            String name = tokens.remove();
            Set<String> words = new HashSet<>();
            skip("{");
            while (!tokens.element().equals("}")) {
                words.add(tokens.remove());
                skip(";");
            }
            tokens.remove();
            enums.put(name, words);
        }

        /** Passes over everything up to a token, that included. */
        private void skip(String until) {
            while (!tokens.remove().equals(until)) {
                // what is before it does not matter here
            }
        }

        private boolean take(String token) {
            boolean there = tokens.element().equals(token);
            if (there) {
                tokens.remove();
            }
            return there;
        }
    }
}
