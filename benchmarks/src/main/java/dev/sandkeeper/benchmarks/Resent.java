package dev.sandkeeper.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * What a backend of ours asked of a simulator, asked again by bare OkHttp, byte for byte but for two kinds of names: those that
 * are not used twice are new, and those that the provider gave are taken from its answers. What ours takes longer is its own.
 */
final class Resent implements AutoCloseable {
    private static final Pattern TAG = Pattern.compile("(?<![0-9A-Za-z])[0-9A-Fa-f]{32}(?![0-9A-Za-z])");
    /** Names that are not used twice: of a command, and of a sandbox. */
    private static final Pattern NEW =
            Pattern.compile(TAG + "|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

    private static final Pattern BASE64 = Pattern.compile("(?<=\"stdin\":\")[A-Za-z0-9+/]{40,}={0,2}(?=\")");
    private static final Pattern GIVEN = Pattern.compile("\\S{8,200}");
    private static final Set<String> OF_THE_CONNECTION =
            Set.of("host", "connection", "content-length", "content-type", "transfer-encoding");

    private final OkHttpClient client = new OkHttpClient();
    private final String base;
    private final Step step;
    private final List<Sent> opening;
    private final List<Sent> round;
    private final Deque<List<Sent>> prepared = new ArrayDeque<>();
    /** Tags of earlier rounds that the guest still keeps something of. */
    private final Deque<String> kept = new ArrayDeque<>();
    /** What is called otherwise in all rounds. */
    private final Map<String, String> standing = new HashMap<>();

    /** What a provider's protocol wants beside requests. */
    interface Step extends AutoCloseable {
        /** Nothing. */
        Step NONE = new Step() {};

        /** What is sent, if it is not the same each time. */
        default ByteString body(String target, ByteString body) {
            return body;
        }

        /** After a request has been answered. */
        default void answered(Request request, byte[] answer) throws IOException {}

        @Override
        default void close() {}
    }

    /**
     * One request.
     *
     * @param learns what its answer names that later ones refer to, by field, such as the ID of what was made
     * @param refers whether its address or its headers do
     * @param bodyRefers whether its body does
     */
    private record Sent(
            String method,
            String target,
            Headers headers,
            ByteString body,
            @Nullable MediaType type,
            int status,
            Map<String, String> learns,
            boolean refers,
            boolean bodyRefers) {}

    /**
     * What was heard, to be sent below an address.
     *
     * @param base scheme, host and port
     * @param first sent once, before all rounds
     * @param round sent in each round
     */
    Resent(String base, List<SimulatorTraffic> first, List<SimulatorTraffic> round, Step step) throws IOException {
        this.base = base;
        this.step = step;
        List<Sent> all = recorded(Stream.concat(first.stream(), round.stream()).toList());
        this.opening = all.subList(0, first.size());
        this.round = all.subList(first.size(), all.size());
    }

    private static List<Sent> recorded(List<SimulatorTraffic> heard) throws IOException {
        List<Sent> all = new ArrayList<>();
        for (int i = 0; i < heard.size(); i++) {
            SimulatorTraffic one = heard.get(i);
            Map<String, String> learns = new LinkedHashMap<>();
            List<SimulatorTraffic> later = heard.subList(i + 1, heard.size());
            if (one.answerHeader("content-type").orElse("").startsWith("application/json")) {
                given(one.answerBody()).forEach((field, value) -> {
                    if (later.stream().anyMatch(next -> mentions(next, value))) {
                        learns.put(field, value);
                    }
                });
            }
            Set<String> learned = all.stream()
                    .flatMap(sent -> sent.learns().values().stream())
                    .collect(Collectors.toSet());
            all.add(new Sent(
                    one.method(),
                    one.target(),
                    headers(one),
                    ByteString.of(one.requestBody()),
                    one.requestHeader("content-type").map(MediaType::get).orElse(null),
                    one.status(),
                    learns,
                    learned.stream().anyMatch(value -> headMentions(one, value)),
                    learned.stream().anyMatch(value -> bodyMentions(one, value))));
        }
        return all;
    }

    private static boolean mentions(SimulatorTraffic traffic, String value) {
        return headMentions(traffic, value) || bodyMentions(traffic, value);
    }

    private static boolean headMentions(SimulatorTraffic traffic, String value) {
        return traffic.target().contains(value)
                || traffic.requestHeaders().values().stream()
                        .anyMatch(values -> values.stream().anyMatch(header -> header.contains(value)));
    }

    private static boolean bodyMentions(SimulatorTraffic traffic, String value) {
        return latin(ByteString.of(traffic.requestBody())).contains(value);
    }

    private static Headers headers(SimulatorTraffic traffic) {
        Headers.Builder headers = new Headers.Builder();
        traffic.requestHeaders().forEach((name, values) -> {
            if (!OF_THE_CONNECTION.contains(name)) {
                values.forEach(value -> headers.add(name, value));
            }
        });
        return headers.build();
    }

    /** Whatever might be a name in an answer, by field. */
    private static Map<String, String> given(byte[] answer) throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        if (answer.length > 0) {
            for (Map.Entry<String, JsonNode> field :
                    BareCalls.tree(answer, 0, answer.length).properties()) {
                if (field.getValue().isTextual()
                        && GIVEN.matcher(field.getValue().asText()).matches()) {
                    fields.put(field.getKey(), field.getValue().asText());
                }
            }
        }
        return fields;
    }

    /** Sends what comes before all rounds. */
    void open() throws IOException {
        Map<String, String> fresh = fresh(opening);
        Map<String, String> learned = new HashMap<>();
        send(opening.stream().map(sent -> renamed(sent, fresh)).toList(), learned);
        standing.putAll(fresh);
        standing.putAll(learned);
    }

    /** Makes new names for so many rounds, outside of what is timed. */
    void prepare(int rounds) {
        for (int i = 0; i < rounds; i++) {
            Map<String, String> names = fresh(round);
            names.putAll(standing);
            prepared.addLast(round.stream().map(sent -> renamed(sent, names)).toList());
        }
    }

    private Map<String, String> fresh(List<Sent> requests) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (Sent sent : requests) {
            names(latin(sent.body())).forEach(name -> counts.merge(name, 1, Integer::sum));
            // in addresses a UUID is the provider's
            names(sent.target()).stream()
                    .filter(name -> TAG.matcher(name).matches())
                    .forEach(name -> counts.merge(name, 1, Integer::sum));
        }
        Stream.concat(opening.stream(), round.stream())
                .forEach(sent -> counts.keySet().removeAll(sent.learns().values()));
        counts.keySet().removeAll(standing.keySet());
        Map<String, String> fresh = new HashMap<>();
        List<String> own = new ArrayList<>();
        counts.forEach((name, count) -> {
            // what is named once only belongs to an earlier command
            String alike = alike(name, count == 1 ? kept.pollFirst() : null);
            fresh.put(name, alike);
            if (count > 1 && TAG.matcher(name).matches()) {
                own.add(alike);
            }
        });
        kept.addAll(own);
        return fresh;
    }

    private static String alike(String name, @Nullable String earlier) {
        String uuid = UUID.randomUUID().toString();
        if (!TAG.matcher(name).matches()) {
            return uuid;
        }
        String hex = earlier == null ? uuid.replace("-", "") : earlier;
        return name.equals(name.toLowerCase(Locale.ROOT)) ? hex.toLowerCase(Locale.ROOT) : hex.toUpperCase(Locale.ROOT);
    }

    private static List<String> names(String text) {
        List<String> found = new ArrayList<>();
        NEW.matcher(text).results().map(MatchResult::group).forEach(found::add);
        BASE64.matcher(text)
                .results()
                .flatMap(part -> NEW.matcher(decoded(part.group())).results())
                .map(MatchResult::group)
                .forEach(found::add);
        return found;
    }

    private static Sent renamed(Sent sent, Map<String, String> names) {
        return new Sent(
                sent.method(),
                replaced(sent.target(), names),
                sent.headers(),
                renamed(sent.body(), names),
                // it says what parts the parts of a body
                sent.type() == null ? null : MediaType.get(replaced(sent.type().toString(), names)),
                sent.status(),
                sent.learns(),
                sent.refers(),
                sent.bodyRefers());
    }

    private static ByteString renamed(ByteString body, Map<String, String> names) {
        String packed = BASE64.matcher(latin(body)).replaceAll(part -> {
            String text = decoded(part.group());
            String changed = replaced(text, names);
            return changed.equals(text)
                    ? Matcher.quoteReplacement(part.group())
                    : Base64.getEncoder().encodeToString(changed.getBytes(StandardCharsets.ISO_8859_1));
        });
        return ByteString.encodeString(replaced(packed, names), StandardCharsets.ISO_8859_1);
    }

    private static String decoded(String base64) {
        return latin(ByteString.of(Base64.getDecoder().decode(base64)));
    }

    private static String replaced(String text, Map<String, String> names) {
        String all = text;
        for (Map.Entry<String, String> name : names.entrySet()) {
            all = all.replace(name.getKey(), name.getValue());
        }
        return all;
    }

    private static String latin(ByteString bytes) {
        return bytes.string(StandardCharsets.ISO_8859_1);
    }

    /**
     * Sends everything of a round, one after the other.
     *
     * @return the answers
     */
    List<byte[]> run() throws IOException {
        List<Sent> requests = prepared.pollFirst();
        if (requests == null) {
            throw new IllegalStateException("no round is prepared");
        }
        return send(requests, new HashMap<>());
    }

    private List<byte[]> send(List<Sent> requests, Map<String, String> learned) throws IOException {
        List<byte[]> answers = new ArrayList<>();
        for (Sent sent : requests) {
            answers.add(send(sent, learned));
        }
        return answers;
    }

    private byte[] send(Sent sent, Map<String, String> learned) throws IOException {
        boolean refers = sent.refers() && !learned.isEmpty();
        String target = refers ? replaced(sent.target(), learned) : sent.target();
        ByteString body = step.body(target, sent.body());
        if (sent.bodyRefers() && !learned.isEmpty()) {
            body = ByteString.encodeString(replaced(latin(body), learned), StandardCharsets.ISO_8859_1);
        }
        boolean bodiless = sent.method().equals("GET") || sent.method().equals("DELETE");
        Request request = new Request.Builder()
                .url(base + target)
                .headers(refers ? replaced(sent.headers(), learned) : sent.headers())
                .method(sent.method(), bodiless && body.size() == 0 ? null : RequestBody.create(body, sent.type()))
                .build();
        byte[] answer;
        try (Response response = client.newCall(request).execute()) {
            answer = response.body().bytes();
            if (response.code() != sent.status()) {
                throw new IOException(sent.method() + " " + target + " answered " + response.code()
                        + ", and to the backend " + sent.status() + ": "
                        + new String(answer, StandardCharsets.UTF_8));
            }
        }
        if (!sent.learns().isEmpty()) {
            Map<String, String> fields = given(answer);
            sent.learns().forEach((field, value) -> learned.put(value, fields.get(field)));
        }
        step.answered(request, answer);
        return answer;
    }

    private static Headers replaced(Headers headers, Map<String, String> names) {
        Headers.Builder all = new Headers.Builder();
        headers.forEach(header -> all.add(header.getFirst(), replaced(header.getSecond(), names)));
        return all.build();
    }

    @Override
    public void close() {
        step.close();
        client.dispatcher().executorService().shutdown();
        client.connectionPool().evictAll();
    }
}
