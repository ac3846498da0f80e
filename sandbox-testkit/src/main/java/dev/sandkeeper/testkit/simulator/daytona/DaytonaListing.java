package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** One page of a list of sandboxes, as a query wants it. */
final class DaytonaListing {
    private static final int MOST = 200;
    private static final int DEFAULT = 100;

    /** What they are sorted by, as text or numbers of one length, so that a cursor can hold it. */
    private static final Map<String, java.util.function.Function<DaytonaBox, String>> KEYS = Map.of(
            "name", box -> box.name,
            "cpu", box -> number(box.cpu),
            "memoryGib", box -> number(box.memory),
            "diskGib", box -> number(box.disk),
            "lastActivityAt", box -> number(box.lastActivityAt.toEpochMilli()),
            "createdAt", box -> number(box.createdAt.toEpochMilli()));

    private final Exchange exchange;
    private final java.util.function.Function<DaytonaBox, String> key;
    private final boolean descending;
    private final int limit;

    private record Place(String value, String id) {}

    private record Found(DaytonaBox box, DaytonaState state) {}

    DaytonaListing(Exchange exchange) {
        this.exchange = exchange;
        this.limit = limit(exchange, "limit", DEFAULT, MOST);
        String sort = exchange.query("sort").orElse("lastActivityAt");
        this.key = Optional.ofNullable(KEYS.get(sort))
                .orElseThrow(() -> DaytonaRefusal.bad("sort must be one of the following values: name, cpu, memoryGib,"
                        + " diskGib, lastActivityAt, createdAt"));
        String order = exchange.query("order").orElse("desc");
        if (!order.equals("asc") && !order.equals("desc")) {
            throw DaytonaRefusal.bad("order must be one of the following values: asc, desc");
        }
        this.descending = order.equals("desc");
    }

    static int limit(Exchange exchange, String name, int otherwise, int most) {
        Optional<String> text = exchange.query(name);
        if (text.isEmpty()) {
            return otherwise;
        }
        if (!text.get().matches("[0-9]{1,9}")) {
            throw DaytonaRefusal.bad(name + " must be an integer number");
        }
        int value = Integer.parseInt(text.get());
        if (value < 1 || value > most) {
            throw DaytonaRefusal.bad(name + " must not be " + (value < 1 ? "less than 1" : "greater than " + most));
        }
        return value;
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%019d", value);
    }

    /** Called with the fleet's lock. */
    ObjectNode page(List<DaytonaBox> boxes, Instant now, Duration lag, DaytonaJson json) {
        Predicate<Found> wanted = filter();
        Comparator<Found> order = Comparator.<Found, String>comparing(found -> key.apply(found.box()))
                .thenComparing(found -> found.box().id);
        Comparator<Found> directed = descending ? order.reversed() : order;
        List<Found> found = boxes.stream()
                .map(box -> new Found(box, box.listedAt(now.minus(lag))))
                .filter(each -> each.state() != DaytonaState.DESTROYED)
                .filter(wanted)
                .filter(behindCursor())
                .sorted(directed)
                .toList();
        List<Found> page = found.subList(0, Math.min(limit, found.size()));
        ObjectNode answer = Json.object();
        ArrayNode items = answer.putArray("items");
        page.forEach(each -> items.add(json.listed(each.box(), each.state())));
        if (page.size() < found.size()) {
            answer.put("nextCursor", cursor(page.get(page.size() - 1).box()));
        } else {
            answer.putNull("nextCursor");
        }
        return answer;
    }

    private String cursor(DaytonaBox last) {
        ObjectNode place = Json.object().put("value", key.apply(last)).put("id", last.id);
        return Base64.getEncoder().encodeToString(Json.bytes(place));
    }

    private Predicate<Found> behindCursor() {
        Optional<String> cursor = exchange.query("cursor").filter(text -> !text.isEmpty());
        if (cursor.isEmpty()) {
            return found -> true;
        }
        Place place = place(cursor.get());
        return found -> {
            int byValue = key.apply(found.box()).compareTo(place.value());
            int compared = byValue != 0 ? byValue : found.box().id.compareTo(place.id());
            return descending ? compared < 0 : compared > 0;
        };
    }

    private static Place place(String cursor) {
        try {
            JsonNode place = Json.read(Base64.getDecoder().decode(cursor.getBytes(StandardCharsets.US_ASCII)));
            if (place.path("value").isTextual() && place.path("id").isTextual()) {
                return new Place(place.get("value").textValue(), place.get("id").textValue());
            }
            throw DaytonaRefusal.bad("Invalid cursor");
        } catch (IOException | IllegalArgumentException e) {
            throw DaytonaRefusal.bad("Invalid cursor");
        }
    }

    private Predicate<Found> filter() {
        List<Predicate<Found>> all = new ArrayList<>();
        prefix("id").ifPresent(start -> all.add(found -> lower(found.box().id).startsWith(start)));
        prefix("name")
                .ifPresent(start -> all.add(found -> lower(found.box().name).startsWith(start)));
        Map<String, String> labels = labels();
        all.add(found -> found.box().labels.entrySet().containsAll(labels.entrySet()));
        List<DaytonaState> states = states();
        all.add(found -> states.isEmpty() || states.contains(found.state()));
        List<String> snapshots = exchange.queries("snapshots");
        all.add(found -> snapshots.isEmpty() || snapshots.contains(snapshotOf(found.box())));
        List<String> regions = exchange.queries("regionIds");
        all.add(found -> regions.isEmpty() || regions.contains(found.box().order.target()));
        List<String> classes = exchange.queries("sandboxClasses");
        all.add(found -> classes.isEmpty() || classes.contains("container"));
        range(all, "Cpu", box -> box.cpu);
        range(all, "MemoryGiB", box -> box.memory);
        range(all, "DiskGiB", box -> box.disk);
        flag("isPublic").ifPresent(open -> all.add(found -> found.box().open == open));
        flag("isRecoverable").ifPresent(able -> all.add(found -> found.box().recoverable == able));
        between(all, "createdAt", box -> Optional.of(box.createdAt));
        between(all, "lastEvent", box -> Optional.of(box.lastActivityAt));
        between(all, "autoDestroyAt", box -> Optional.ofNullable(box.autoDestroyAt));
        return found -> all.stream().allMatch(each -> each.test(found));
    }

    private static String snapshotOf(DaytonaBox box) {
        DaytonaSnapshot snapshot = box.order.snapshot();
        return snapshot == null ? "" : snapshot.name;
    }

    private Optional<String> prefix(String name) {
        return exchange.query(name).map(DaytonaListing::lower);
    }

    private static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    private Map<String, String> labels() {
        Optional<String> text = exchange.query("labels");
        if (text.isEmpty()) {
            return Map.of();
        }
        try {
            JsonNode labels = Json.read(text.get().getBytes(StandardCharsets.UTF_8));
            if (!labels.isObject()) {
                throw DaytonaRefusal.bad("Invalid labels JSON format");
            }
            return DaytonaFields.control(Json.object().set("labels", labels)).texts("labels");
        } catch (IOException e) {
            throw DaytonaRefusal.bad("Invalid labels JSON format");
        }
    }

    private List<DaytonaState> states() {
        List<DaytonaState> states = new ArrayList<>();
        for (String each : exchange.queries("states")) {
            for (String word : each.split(",", -1)) {
                states.add(state(word));
            }
        }
        return states;
    }

    private static DaytonaState state(String word) {
        for (DaytonaState state : DaytonaState.values()) {
            if (state != DaytonaState.DESTROYED && state.wire().equals(word)) {
                return state;
            }
        }
        throw DaytonaRefusal.bad("each value in states must be one of the states that are listed, and not " + word);
    }

    private void range(List<Predicate<Found>> all, String what, java.util.function.ToLongFunction<DaytonaBox> value) {
        exchange.query("min" + what)
                .map(text -> parsed(text, "min" + what))
                .ifPresent(least -> all.add(found -> value.applyAsLong(found.box()) >= least));
        exchange.query("max" + what)
                .map(text -> parsed(text, "max" + what))
                .ifPresent(most -> all.add(found -> value.applyAsLong(found.box()) <= most));
    }

    private static long parsed(String text, String name) {
        if (!text.matches("[0-9]{1,9}")) {
            throw DaytonaRefusal.bad(name + " must be a number");
        }
        return Long.parseLong(text);
    }

    private Optional<Boolean> flag(String name) {
        return exchange.query(name).map("true"::equals);
    }

    private void between(
            List<Predicate<Found>> all, String what, java.util.function.Function<DaytonaBox, Optional<Instant>> value) {
        exchange.query(what + "After")
                .map(text -> moment(text, what + "After"))
                .ifPresent(start -> all.add(found ->
                        value.apply(found.box()).filter(at -> at.isAfter(start)).isPresent()));
        exchange.query(what + "Before")
                .map(text -> moment(text, what + "Before"))
                .ifPresent(end -> all.add(found ->
                        value.apply(found.box()).filter(at -> at.isBefore(end)).isPresent()));
    }

    private static Instant moment(String text, String name) {
        try {
            return Instant.parse(text);
        } catch (DateTimeParseException e) {
            throw DaytonaRefusal.bad(name + " must be a Date instance");
        }
    }
}
