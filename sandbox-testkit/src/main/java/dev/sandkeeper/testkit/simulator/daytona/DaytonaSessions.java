package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.AnswerStream;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.WebSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The toolbox's routes for sessions and the logs of their commands. */
final class DaytonaSessions {
    private static final String SESSION = "/process/session/{sessionId}";
    private static final String COMMAND = SESSION + "/command/{commandId}";

    /** Between TERM and KILL when a session is deleted. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    /** The first message of a log ends within a marker, as it may in a network. */
    private static final int FIRST_FRAME = 2;

    private static final int LARGEST_FRAME = 32 * 1024;

    /** How often the daemon looks whether there is more. */
    private static final Duration LOOK = Duration.ofMillis(20);

    /** What the script that writes to a command ends with where there is no pipe. */
    private static final int NO_READER = 44;

    /** That, and what {@code cat} ends with where nobody reads: killed by the signal for that, or told so. */
    private static final Set<Integer> NOT_READ = Set.of(NO_READER, 128 + 13, 1);

    private final DaytonaWorld world;
    private final DaytonaToolbox toolbox;
    private final AtomicInteger inputsToLose = new AtomicInteger();
    private final AtomicInteger cuts = new AtomicInteger();

    DaytonaSessions(DaytonaWorld world, DaytonaToolbox toolbox) {
        this.world = world;
        this.toolbox = toolbox;
    }

    /** Lets the next ones of all commands' input be answered as ever, and never reach their command. */
    void loseInput(int messages) {
        inputsToLose.set(messages);
    }

    /** Breaks all connections that follow a log at this moment. */
    void cutLogs() {
        cuts.incrementAndGet();
    }

    void addRoutes() {
        toolbox.add("POST", "/process/session", this::create);
        toolbox.add("GET", "/process/session", (guest, exchange) -> {
            guest.sandbox();
            ArrayNode all = Json.array();
            guest.sessions().forEach(session -> all.add(json(session)));
            exchange.answer(200, all);
        });
        toolbox.add("GET", "/process/session/entrypoint", (guest, exchange) -> noEntrypoint());
        toolbox.add("GET", "/process/session/entrypoint/logs", (guest, exchange) -> noEntrypoint());
        toolbox.add("GET", SESSION, (guest, exchange) -> exchange.answer(200, json(session(guest, exchange))));
        toolbox.add("DELETE", SESSION, (guest, exchange) -> {
            guest.sandbox();
            guest.deleteSession(exchange.parameter("sessionId"), GRACE);
            exchange.answer(204);
        });
        toolbox.add("POST", SESSION + "/exec", this::execute);
        toolbox.add("GET", COMMAND, (guest, exchange) -> exchange.answer(200, json(command(guest, exchange))));
        toolbox.add("POST", COMMAND + "/input", this::input);
        toolbox.add("GET", COMMAND + "/logs", this::logs);
    }

    private static void noEntrypoint() {
        throw DaytonaRefusal.missing("not found: session not found");
    }

    private static DaytonaSession session(DaytonaGuest guest, Exchange exchange) {
        guest.sandbox();
        return guest.session(exchange.parameter("sessionId"));
    }

    private static DaytonaCommand command(DaytonaGuest guest, Exchange exchange) {
        return session(guest, exchange)
                .command(exchange.parameter("commandId"))
                .orElseThrow(() -> DaytonaRefusal.missing("not found: command not found"));
    }

    private static ObjectNode json(DaytonaSession session) {
        ObjectNode json = Json.object().put("sessionId", session.id());
        ArrayNode commands = json.putArray("commands");
        session.commands().forEach(command -> commands.add(json(command)));
        return json;
    }

    private static ObjectNode json(DaytonaCommand command) {
        ObjectNode json = Json.object().put("id", command.id).put("command", command.text);
        Integer code = command.exitCode();
        return code == null ? json : json.put("exitCode", code);
    }

    private void create(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        String id = DaytonaToolbox.body(exchange).needed("sessionId");
        if (id.equals("entrypoint")) {
            throw DaytonaRefusal.bad("bad request: can not create a session with reserved ID: entrypoint");
        }
        boolean home = DaytonaLogShape.startsAtHome(version(exchange));
        guest.createSession(id, home ? guest.homeDirectory() : guest.workDirectory());
        exchange.answer(201);
    }

    private static @Nullable String version(Exchange exchange) {
        return exchange.header("X-Daytona-SDK-Version")
                .orElseGet(() -> DaytonaLogShape.versionOf(DaytonaTerminals.subprotocols(exchange)));
    }

    private static DaytonaLogShape shape(Exchange exchange) {
        return DaytonaLogShape.of(
                version(exchange), exchange.header("X-Daytona-Split-Output").orElse(null));
    }

    private void execute(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        String text = fields.text("command");
        boolean background = fields.flag("runAsync") || fields.flag("async");
        boolean silent = fields.flag("suppressInputEcho");
        DaytonaSession session = session(guest, exchange);
        if (text == null || text.isBlank()) {
            throw DaytonaRefusal.bad("bad request: command cannot be empty");
        }
        DaytonaCommand command = new DaytonaCommand(text, background, !silent);
        try {
            session.run(command);
        } catch (IOException e) {
            throw DaytonaRefusal.coded(410, "SESSION_ENDED", "gone: session has ended");
        }
        if (background) {
            exchange.answer(202, answer(command, DaytonaLogShape.MERGED, null));
            return;
        }
        while (!command.log.awaitEnd(DaytonaLog.patience())) {
            guest.sandbox();
        }
        guest.sandbox();
        if (command.exitCode() == null) {
            throw DaytonaRefusal.coded(410, "SESSION_ENDED", "gone: session has ended");
        }
        exchange.answer(200, answer(command, shape(exchange), command.log.bytes()));
    }

    private static ObjectNode answer(DaytonaCommand command, DaytonaLogShape shape, byte @Nullable [] log) {
        ObjectNode json = Json.object().put("cmdId", command.id);
        if (log == null) {
            json.putNull("output").putNull("stdout").putNull("stderr");
        } else {
            boolean split = shape == DaytonaLogShape.SPLIT;
            json.put("output", text(shape == DaytonaLogShape.MERGED ? DaytonaLog.stripped(log) : log));
            json.put("stdout", split ? text(DaytonaLog.stdoutOf(log)) : null);
            json.put("stderr", split ? text(DaytonaLog.stderrOf(log)) : null);
        }
        json.put("exitCode", command.exitCode());
        return json;
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private void input(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        String data = DaytonaToolbox.body(exchange).text("data");
        DaytonaCommand command = command(guest, exchange);
        if (data == null) {
            throw DaytonaRefusal.bad("bad request: data is required");
        }
        if (command.exitCode() != null || command.log.ended()) {
            throw DaytonaRefusal.coded(410, "COMMAND_ALREADY_COMPLETED", "gone: command has already completed");
        }
        if (!command.background) {
            throw DaytonaRefusal.bad("bad request: the command was not started asynchronously");
        }
        if (inputsToLose.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            exchange.answer(204);
            return;
        }
        byte[] line = DaytonaGuest.utf8(data.endsWith("\n") ? data : data + "\n");
        if (command.echoesInput) {
            // first, or what the command answers could stand before it
            command.log.stdout(line, 0, line.length);
        }
        DaytonaRun run = guest.feed(
                line,
                "i=0; while [ ! -p \"$1\" ] && [ $i -lt 100 ]; do i=$((i+1)); sleep 0.02; done;"
                        // whose reader has just ended would be waited for, so it is opened for reading meanwhile
                        + " [ -p \"$1\" ] || exit " + NO_READER + "; exec 3<>\"$1\" && exec 4>\"$1\" 3>&- || exit "
                        + NO_READER + "; cat >&4",
                command.pipe());
        if (NOT_READ.contains(run.exitCode())) {
            throw DaytonaRefusal.coded(410, "COMMAND_ALREADY_COMPLETED", "gone: command has already completed");
        }
        if (run.exitCode() != 0) {
            // such as a sandbox that has no room for the process that writes
            throw DaytonaRefusal.of(500, "internal server error: failed to write to input pipe");
        }
        exchange.answer(204);
    }

    private void logs(DaytonaGuest guest, Exchange exchange) throws IOException {
        DaytonaCommand command = command(guest, exchange);
        boolean follow = exchange.query("follow").filter("true"::equals).isPresent();
        boolean socket =
                exchange.header("Upgrade").filter("websocket"::equalsIgnoreCase).isPresent();
        if (socket) {
            boolean stripped = shape(exchange) == DaytonaLogShape.MERGED;
            List<String> offered = DaytonaTerminals.subprotocols(exchange);
            exchange.upgrade(
                    offered.isEmpty() ? null : offered.get(0),
                    Map.of(),
                    web -> send(web, guest, command, follow, stripped));
        } else if (follow) {
            stream(exchange, guest, command);
        } else {
            answer(exchange, command.log.bytes());
        }
    }

    private static void answer(Exchange exchange, byte[] log) {
        DaytonaLogShape shape = shape(exchange);
        if (shape == DaytonaLogShape.SPLIT) {
            exchange.answer(
                    200,
                    Json.object()
                            .put("output", text(log))
                            .put("stdout", text(DaytonaLog.stdoutOf(log)))
                            .put("stderr", text(DaytonaLog.stderrOf(log))));
            return;
        }
        byte[] body = shape == DaytonaLogShape.MARKED ? log : DaytonaLog.stripped(log);
        exchange.answer(new Answer(200, Map.of("Content-Type", "text/plain; charset=utf-8"), body));
    }

    private void send(WebSocket socket, DaytonaGuest guest, DaytonaCommand command, boolean follow, boolean stripped)
            throws IOException, InterruptedException {
        int offset = 0;
        int before = cuts.get();
        while (!socket.gone()) {
            byte[] more = command.log.from(offset);
            byte[] shown = stripped ? DaytonaLog.stripped(more) : more;
            for (int start = 0; start < shown.length; ) {
                int end = Math.min(shown.length, start + (offset + start == 0 ? FIRST_FRAME : LARGEST_FRAME));
                socket.sendBinary(Arrays.copyOfRange(shown, start, end));
                start = end;
            }
            offset += more.length;
            if (!follow) {
                return;
            }
            if (command.log.await(offset, DaytonaLog.patience()) && command.log.from(offset).length == 0) {
                linger(socket, command);
                return;
            }
            if (!guest.running() || cuts.get() != before) {
                socket.cut();
            }
        }
    }

    /** The daemon looks for more for a while before it closes, but not in a session that was deleted. */
    private void linger(WebSocket socket, DaytonaCommand command) throws InterruptedException {
        long end = System.nanoTime() + world.manner().logLinger().toNanos();
        while (command.exitCode() != null && !socket.gone() && System.nanoTime() < end) {
            socket.receive(LOOK);
        }
    }

    /** The runner reads the daemon's socket itself, as a client without a version, and so nothing is marked. */
    private void stream(Exchange exchange, DaytonaGuest guest, DaytonaCommand command) throws IOException {
        Answer head = new Answer(200, Map.of("Content-Type", "application/octet-stream"), new byte[0]);
        int offset = 0;
        AnswerStream stream = exchange.stream(head);
        stream.open();
        try {
            boolean done = false;
            while (!done && !stream.clientGone()) {
                byte[] more = command.log.from(offset);
                if (more.length > 0) {
                    stream.send(DaytonaLog.stripped(more));
                    offset += more.length;
                }
                done = command.log.await(offset, DaytonaLog.patience()) && command.log.from(offset).length == 0;
                if (!done && !guest.running()) {
                    stream.abort();
                    return;
                }
            }
            stream.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            stream.abort();
        }
    }
}
