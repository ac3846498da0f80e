package dev.sandkeeper.testkit.simulator.e2b;

import dev.sandkeeper.testkit.simulator.internal.Exchange;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What {@code GET /v2/sandboxes} is asked for, and the page that it gets. */
final class ListQuery {
    private static final Set<String> KNOWN =
            Set.of("metadata", "state", "limit", "nextToken", "order", "startedAfter", "template");
    private static final Comparator<SimulatedSandbox> NEWEST_FIRST =
            Comparator.comparing(SimulatedSandbox::startedAt).reversed().thenComparing(SimulatedSandbox::id);

    private final Map<String, String> metadata;
    private final Set<String> states;
    private final int limit;
    private final boolean ascending;
    private final @Nullable Instant startedAfter;
    private final @Nullable String template;
    private final @Nullable Cursor cursor;

    private record Cursor(Instant time, String id) {}

    /** A page and how to get the next one. */
    record Page(List<SimulatedSandbox> sandboxes, @Nullable String next, long running, boolean countsRunning) {
        Page {
            sandboxes = List.copyOf(sandboxes);
        }
    }

    private ListQuery(Exchange exchange) {
        for (String name : exchange.queryNames()) {
            if (!KNOWN.contains(name)) {
                throw ApiErrors.badRequest("validation error: unknown query parameter " + name);
            }
        }
        metadata = metadata(exchange);
        states = exchange.query("state")
                .map(text -> Set.copyOf(List.of(text.split(",", -1))))
                .orElse(Set.of("running", "paused"));
        if (!Set.of("running", "paused").containsAll(states)) {
            throw ApiErrors.badRequest("validation error: parameter \"state\" in query has an error");
        }
        limit = limit(exchange);
        String order = exchange.query("order").orElse("desc");
        if (!order.equals("asc") && !order.equals("desc")) {
            throw ApiErrors.badRequest("validation error: parameter \"order\" in query has an error");
        }
        ascending = order.equals("asc");
        startedAfter = exchange.query("startedAfter").map(ListQuery::time).orElse(null);
        template = exchange.query("template").orElse(null);
        cursor = exchange.query("nextToken").map(this::cursor).orElse(null);
    }

    static ListQuery of(Exchange exchange) {
        return new ListQuery(exchange);
    }

    private static int limit(Exchange exchange) {
        String text = exchange.query("limit").orElse("100");
        if (!text.matches("[0-9]{1,4}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > 100) {
            throw ApiErrors.badRequest("validation error: parameter \"limit\" in query has an error");
        }
        return Integer.parseInt(text);
    }

    private static Instant time(String text) {
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeException e) {
            throw ApiErrors.badRequest("Invalid time in query: " + text);
        }
    }

    /** Encoded in layers: the query itself, then the whole, then each key and value. */
    static Map<String, String> metadata(Exchange exchange) {
        Map<String, String> pairs = new LinkedHashMap<>();
        String once = exchange.query("metadata").orElse("");
        if (once.isEmpty()) {
            return pairs;
        }
        for (String pair : decode(once).split("&", -1)) {
            String[] parts = pair.split("=", -1);
            if (parts.length != 2) {
                throw ApiErrors.badRequest("Error parsing metadata: invalid key value pair in query");
            }
            pairs.put(decode(parts[0]), decode(parts[1]));
        }
        return pairs;
    }

    private static String decode(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw ApiErrors.badRequest("Error parsing metadata: invalid URL escape");
        }
    }

    private Cursor cursor(String token) {
        try {
            String[] parts = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8).split("__", -1);
            if (parts.length == (ascending ? 3 : 2)) {
                return new Cursor(OffsetDateTime.parse(parts[0]).toInstant(), parts[1]);
            }
        } catch (IllegalArgumentException | DateTimeException e) {
            throw ApiErrors.badRequest("Invalid next token");
        }
        throw ApiErrors.badRequest("Invalid next token");
    }

    Page page(List<SimulatedSandbox> listed) {
        List<SimulatedSandbox> matching = listed.stream()
                .filter(this::matches)
                .sorted(ascending ? NEWEST_FIRST.reversed() : NEWEST_FIRST)
                .toList();
        long running = matching.stream().filter(each -> !each.showsPaused()).count();
        List<SimulatedSandbox> rest =
                matching.stream().filter(this::isAfterCursor).toList();
        List<SimulatedSandbox> page = rest.subList(0, Math.min(limit, rest.size()));
        String next = page.size() == rest.size() ? null : token(page.get(page.size() - 1));
        return new Page(page, next, running, states.contains("running"));
    }

    private boolean matches(SimulatedSandbox sandbox) {
        return states.contains(sandbox.showsPaused() ? "paused" : "running")
                && sandbox.request().metadata().entrySet().containsAll(metadata.entrySet())
                && (startedAfter == null || !sandbox.startedAt().isBefore(startedAfter))
                && (template == null
                        || template.equals(sandbox.request().template())
                        || template.equals(sandbox.templateId()));
    }

    private boolean isAfterCursor(SimulatedSandbox sandbox) {
        return Optional.ofNullable(cursor)
                .map(last -> {
                    int order = last.time().compareTo(sandbox.startedAt());
                    int newestFirst = order != 0 ? order : sandbox.id().compareTo(last.id());
                    return ascending ? newestFirst < 0 : newestFirst > 0;
                })
                .orElse(true);
    }

    private String token(SimulatedSandbox last) {
        String text = last.startedAt() + "__" + last.id() + (ascending ? "__asc" : "");
        return Base64.getUrlEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
