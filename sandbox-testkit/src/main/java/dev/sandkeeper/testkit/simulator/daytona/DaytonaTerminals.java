package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.WebSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The toolbox's routes for terminals. */
final class DaytonaTerminals {
    private static final Logger LOG = LoggerFactory.getLogger(DaytonaTerminals.class);
    private static final String PTY = "/process/pty/{sessionId}";
    private static final String EXIT_CONTROL = "X-Daytona-Pty-Exit-Control";
    private static final String ENVS = "X-Daytona-Pty-Envs~";
    private static final Duration PATIENCE = Duration.ofMillis(200);
    private static final long LARGEST = 1000;
    private static final int LARGEST_INPUT = 64 * 1024;

    private final DaytonaWorld world;
    private final DaytonaToolbox toolbox;

    DaytonaTerminals(DaytonaWorld world, DaytonaToolbox toolbox) {
        this.world = world;
        this.toolbox = toolbox;
    }

    void addRoutes() {
        toolbox.add("POST", "/process/pty", this::create);
        toolbox.add("GET", "/process/pty", (guest, exchange) -> {
            guest.sandbox();
            ObjectNode answer = Json.object();
            ArrayNode sessions = answer.putArray("sessions");
            guest.ptys().forEach(pty -> sessions.add(json(pty)));
            exchange.answer(200, answer);
        });
        toolbox.add("GET", PTY, (guest, exchange) -> exchange.answer(200, json(find(guest, exchange))));
        toolbox.add("DELETE", PTY, (guest, exchange) -> {
            find(guest, exchange).kill();
            exchange.answer(200, Json.object().put("message", "PTY session deleted successfully"));
        });
        toolbox.add("POST", PTY + "/resize", this::resize);
        toolbox.add("GET", PTY + "/connect", (guest, exchange) -> connect(find(guest, exchange), exchange));
        toolbox.add("GET", "/process/pty/create-connect", this::createAndConnect);
    }

    private static DaytonaPty find(DaytonaGuest guest, Exchange exchange) {
        guest.sandbox();
        return guest.pty(exchange.parameter("sessionId"));
    }

    private static ObjectNode json(DaytonaPty pty) {
        DaytonaPty.Plan plan = pty.plan();
        ObjectNode json = Json.object().put("id", plan.id()).put("cwd", plan.directory());
        json.set("envs", DaytonaJson.map(plan.environment()));
        json.put("cols", pty.size().columns()).put("rows", pty.size().rows());
        json.put("createdAt", DaytonaTime.nanos(plan.createdAt()));
        return json.put("active", pty.active()).put("lazyStart", plan.lazy());
    }

    private void create(DaytonaGuest guest, Exchange exchange) throws IOException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        String id = fields.text("id");
        if (id == null || id.isEmpty()) {
            throw DaytonaRefusal.bad("bad request: session ID is required");
        }
        TerminalSize size = size(fields.number("cols", 0, 0), fields.number("rows", 0, 0));
        DaytonaPty pty =
                open(guest, id, fields.text("cwd"), DaytonaProcesses.variables(fields), size, fields.flag("lazyStart"));
        exchange.answer(201, Json.object().put("sessionId", pty.plan().id()));
    }

    private DaytonaPty open(
            DaytonaGuest guest,
            String id,
            @Nullable String directory,
            Map<String, String> environment,
            TerminalSize size,
            boolean lazy) {
        Map<String, String> all = new TreeMap<>(environment);
        all.putIfAbsent("TERM", "xterm-256color");
        String place = directory == null || directory.isEmpty() ? guest.workDirectory() : guest.absolute(directory);
        guest.sandbox();
        DaytonaPty pty = guest.createPty(
                new DaytonaPty.Plan(id, place, all, size, lazy, world.time().now()));
        try {
            if (!lazy) {
                pty.start();
            }
            return pty;
        } catch (CommandNotStartableException | CapabilityMissingException e) {
            guest.forget(pty);
            throw DaytonaRefusal.of(500, "internal server error: failed to start PTY: " + e.getMessage());
        }
    }

    private static TerminalSize size(long columns, long rows) {
        if (columns > LARGEST || rows > LARGEST) {
            throw DaytonaRefusal.bad("bad request: cols and rows must be at most " + LARGEST);
        }
        return new TerminalSize(columns == 0 ? 80 : (int) columns, rows == 0 ? 24 : (int) rows);
    }

    private void resize(DaytonaGuest guest, Exchange exchange) throws IOException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        TerminalSize size = size(fields.number("cols", 1, 0), fields.number("rows", 1, 0));
        if (!fields.has("cols") || !fields.has("rows")) {
            throw DaytonaRefusal.coded(400, "INVALID_REQUEST_BODY", "invalid body request: cols and rows are required");
        }
        guest.sandbox();
        DaytonaPty pty;
        try {
            pty = guest.pty(exchange.parameter("sessionId"));
        } catch (DaytonaRefusal e) {
            throw DaytonaRefusal.of(410, "gone: PTY session not found or not active");
        }
        pty.resize(size);
        exchange.answer(200, json(pty));
    }

    private void createAndConnect(DaytonaGuest guest, Exchange exchange) {
        String id = exchange.query("id")
                .filter(text -> !text.isEmpty())
                .orElseThrow(() -> DaytonaRefusal.bad("bad request: session ID is required"));
        TerminalSize size = size(number(exchange, "cols"), number(exchange, "rows"));
        connect(open(guest, id, exchange.query("cwd").orElse(null), environment(exchange), size, true), exchange);
    }

    private static long number(Exchange exchange, String name) {
        String text = exchange.query(name).orElse("0");
        if (!text.matches("[0-9]{1,9}")) {
            throw DaytonaRefusal.bad("bad request: invalid " + name);
        }
        return Long.parseLong(text);
    }

    /** Those that came as a subprotocol, as a handshake has no body. */
    private static Map<String, String> environment(Exchange exchange) {
        Optional<String> encoded = subprotocols(exchange).stream()
                .filter(each -> each.startsWith(ENVS))
                .map(each -> each.substring(ENVS.length()))
                .findFirst();
        if (encoded.isEmpty()) {
            return Map.of();
        }
        try {
            JsonNode envs = Json.read(Base64.getUrlDecoder().decode(encoded.get()));
            ObjectNode holder = Json.object();
            holder.set("envs", envs);
            return DaytonaProcesses.variables(DaytonaFields.toolbox(holder));
        } catch (IOException | IllegalArgumentException e) {
            throw DaytonaRefusal.bad("bad request: invalid environment variables");
        }
    }

    /** What a handshake offers, in its order. */
    static List<String> subprotocols(Exchange exchange) {
        return exchange.headers().getOrDefault("sec-websocket-protocol", List.of()).stream()
                .flatMap(value -> Stream.of(value.split(",", -1)))
                .map(String::strip)
                .filter(each -> !each.isEmpty())
                .toList();
    }

    private void connect(DaytonaPty pty, Exchange exchange) {
        List<String> offered = subprotocols(exchange);
        boolean control = offered.contains(EXIT_CONTROL);
        String chosen = control ? EXIT_CONTROL : offered.stream().findFirst().orElse(null);
        exchange.upgrade(chosen, Map.of(), socket -> show(pty, socket, control));
    }

    private void show(DaytonaPty pty, WebSocket socket, boolean control) throws IOException, InterruptedException {
        socket.sendText("{\"type\":\"control\",\"status\":\"connected\"}");
        Window window = new Window(socket, control);
        try {
            pty.connect(window);
        } catch (CommandNotStartableException | CapabilityMissingException e) {
            ObjectNode error = Json.object().put("type", "control").put("status", "error");
            socket.sendText(text(error.put("error", "failed to start PTY: " + e.getMessage())));
            socket.close(1011, "failed to start PTY");
            return;
        }
        try {
            while (!socket.gone()) {
                WebSocket.Message message = socket.receive(PATIENCE);
                if (message != null && message.bytes().length > LARGEST_INPUT) {
                    socket.close(1009, "message too big");
                } else if (message != null) {
                    pty.type(message.bytes());
                }
            }
        } finally {
            pty.disconnect(window);
        }
    }

    private static String text(JsonNode json) {
        return new String(Json.bytes(json), StandardCharsets.UTF_8);
    }

    /** One that looks at a terminal through a socket. */
    private record Window(WebSocket socket, boolean control) implements DaytonaPty.Viewer {
        @Override
        public void output(byte[] bytes) {
            try {
                socket.sendBinary(bytes);
            } catch (IOException e) {
                LOG.debug("somebody looks no more: {}", e.getMessage());
            }
        }

        @Override
        public void exited(int code, String reason) {
            ObjectNode told = Json.object().put("exitCode", code);
            if (!reason.isEmpty()) {
                told.put("exitReason", reason);
            }
            try {
                if (control) {
                    ObjectNode message = Json.object().put("type", "control").put("status", "exited");
                    message.setAll(told);
                    socket.sendText(text(message));
                }
                socket.close(code == 0 ? 1000 : 1011, text(told));
            } catch (IOException e) {
                LOG.debug("somebody looks no more: {}", e.getMessage());
            }
        }
    }
}
