package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.testkit.simulator.e2b.SimulatedSandbox.State;
import dev.sandkeeper.testkit.simulator.internal.AnswerStream;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Fields;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Router;
import dev.sandkeeper.testkit.simulator.internal.SimulatorServer;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** {@code filesystem.Filesystem}: directories and what is known of files. */
final class Filesystem {
    private static final int LARGEST_LIST = 10_000;
    private static final Duration LOOK = Duration.ofMillis(50);
    private static final String[] WATCH = {"path", "recursive", "includeEntry", "allowNetworkMounts"};

    private final Gate gate;
    private final SimulatorServer server;

    Filesystem(Gate gate, SimulatorServer server) {
        this.gate = gate;
        this.server = server;
    }

    void addTo(Router router) {
        String service = "/filesystem.Filesystem/";
        router.add("POST", service + "Stat", Connect.unary(gate, this::stat))
                .add("POST", service + "ListDir", Connect.unary(gate, this::list))
                .add("POST", service + "MakeDir", Connect.unary(gate, this::makeDirectory))
                .add("POST", service + "Move", Connect.unary(gate, this::move))
                .add("POST", service + "Remove", Connect.unary(gate, this::remove))
                .add("POST", service + "WatchDir", Connect.streaming(gate, this::watch))
                .add("POST", service + "CreateWatcher", Connect.unary(gate, this::createWatcher))
                .add("POST", service + "GetWatcherEvents", Connect.unary(gate, this::watcherEvents))
                .add("POST", service + "RemoveWatcher", Connect.unary(gate, this::removeWatcher));
    }

    private static Entries entries(Exchange exchange, SimulatedSandbox sandbox) {
        return new Entries(sandbox, user(exchange));
    }

    private static String user(Exchange exchange) {
        String user = Gate.user(exchange);
        if (!Gate.known(user)) {
            throw Connect.failure("unauthenticated", "invalid username: '" + user + "'");
        }
        return user;
    }

    private static String path(Exchange exchange, Fields fields, String name) {
        try {
            return Paths.resolve(fields.text(name).orElse(""), user(exchange));
        } catch (IllegalArgumentException e) {
            throw Connect.failure("invalid_argument", String.valueOf(e.getMessage()));
        }
    }

    private static ObjectNode entry(ObjectNode shape) {
        ObjectNode answer = Json.object();
        answer.set("entry", shape);
        return answer;
    }

    private JsonNode stat(Exchange exchange, SimulatedSandbox sandbox) throws IOException, InterruptedException {
        String path = path(exchange, Connect.message(exchange, "path"), "path");
        Entries entries = entries(exchange, sandbox);
        return entry(entries.shape(path, existing(entries, path)));
    }

    private static FileInfo existing(Entries entries, String path) {
        FileInfo info = entries.find(path);
        if (info == null) {
            throw Connect.failure("not_found", "file not found: lstat " + path + ": no such file or directory");
        }
        return info;
    }

    private JsonNode list(Exchange exchange, SimulatedSandbox sandbox) throws IOException, InterruptedException {
        Fields fields = Connect.message(exchange, "path", "depth");
        String path = path(exchange, fields, "path");
        int depth = Math.max(1, fields.number("depth", 0, 1_000_000).orElse(1L).intValue());
        ArrayNode list = Json.array();
        requireDirectory(sandbox, path);
        collect(list, entries(exchange, sandbox), sandbox, path, depth);
        ObjectNode answer = Json.object();
        if (!list.isEmpty()) {
            answer.set("entries", list);
        }
        return answer;
    }

    private static void collect(ArrayNode list, Entries entries, SimulatedSandbox sandbox, String path, int depth)
            throws InterruptedException {
        for (FileInfo info : sandbox.machine().files().list(Paths.real(path), LARGEST_LIST)) {
            String shown = (path.equals("/") ? "" : path) + "/" + info.name();
            list.add(entries.shape(shown, info));
            if (depth > 1 && info.type() == FileInfo.Type.DIRECTORY) {
                collect(list, entries, sandbox, shown, depth - 1);
            }
        }
    }

    private static void requireDirectory(SimulatedSandbox sandbox, String path) {
        try {
            if (sandbox.machine().files().list(Paths.real(path), 1).size() > 1) {
                throw new IllegalStateException("more than was asked for");
            }
        } catch (FileAccessException e) {
            throw e.code().equals("file_not_found")
                    ? Connect.failure("not_found", "directory not found: " + path)
                    : Connect.failure("invalid_argument", "path is not a directory: " + path);
        }
    }

    private JsonNode makeDirectory(Exchange exchange, SimulatedSandbox sandbox)
            throws IOException, InterruptedException {
        String path = path(exchange, Connect.message(exchange, "path"), "path");
        Entries entries = entries(exchange, sandbox);
        FileInfo info = entries.find(path);
        if (info != null) {
            throw info.type() == FileInfo.Type.DIRECTORY
                    ? Connect.failure("already_exists", "directory already exists: " + path)
                    : Connect.failure("invalid_argument", "path already exists but it is not a directory: " + path);
        }
        try {
            sandbox.machine().files().makeDirectory(Paths.real(path));
        } catch (FileAccessException e) {
            throw Connect.failure("internal", "error creating directory: " + e.code());
        }
        return entry(entries.shape(path));
    }

    private JsonNode move(Exchange exchange, SimulatedSandbox sandbox) throws IOException, InterruptedException {
        Fields fields = Connect.message(exchange, "source", "destination");
        String source = path(exchange, fields, "source");
        String destination = path(exchange, fields, "destination");
        Entries entries = entries(exchange, sandbox);
        if (entries.find(source) == null) {
            throw Connect.failure("not_found", "source file not found: rename " + source);
        }
        try {
            int slash = Paths.real(destination).lastIndexOf('/');
            if (slash > 0) {
                sandbox.machine().files().makeDirectory(Paths.real(destination).substring(0, slash));
            }
            sandbox.machine().files().move(Paths.real(source), Paths.real(destination));
        } catch (FileAccessException e) {
            throw Connect.failure("internal", "error renaming: " + e.code());
        }
        Optional.ofNullable(sandbox.fileMetadata().remove(Paths.real(source)))
                .ifPresent(metadata -> sandbox.fileMetadata().put(Paths.real(destination), metadata));
        return entry(entries.shape(destination));
    }

    private JsonNode remove(Exchange exchange, SimulatedSandbox sandbox) throws IOException {
        String path = path(exchange, Connect.message(exchange, "path"), "path");
        try {
            sandbox.machine().files().remove(Paths.real(path), true);
        } catch (FileAccessException e) {
            if (!e.code().equals("file_not_found") && !e.code().equals("not_a_directory")) {
                throw Connect.failure("internal", "error removing file or directory: " + e.code());
            }
        }
        return Json.object();
    }

    private Watcher watcher(Exchange exchange, SimulatedSandbox sandbox, Fields fields) {
        String path = path(exchange, fields, "path");
        FileInfo info = entries(exchange, sandbox).find(path);
        if (info == null) {
            throw Connect.failure("not_found", "path " + path + " not found: stat " + path);
        }
        requireDirectory(sandbox, path);
        return new Watcher(
                entries(exchange, sandbox),
                sandbox.machine().files(),
                path,
                fields.flag("recursive").orElse(false),
                fields.flag("includeEntry").orElse(false));
    }

    private void watch(Exchange exchange, SimulatedSandbox sandbox, AnswerStream answer)
            throws IOException, InterruptedException {
        Watcher watcher = watcher(exchange, sandbox, Connect.fields(Connect.request(exchange), WATCH));
        Optional<Duration> timeout = Connect.timeout(exchange);
        Duration keepalive = Connect.keepalive(exchange);
        ObjectNode start = Json.object();
        start.putObject("start");
        Connect.send(answer, start);
        long started = System.nanoTime();
        long sent = started;
        while (!server.pause(LOOK) && sandbox.state() == State.RUNNING && !answer.clientGone()) {
            for (ObjectNode event : watcher.events()) {
                ObjectNode message = Json.object();
                message.set("filesystem", event);
                Connect.send(answer, message);
                sent = System.nanoTime();
            }
            if (timeout.isPresent()
                    && System.nanoTime() - started >= timeout.get().toNanos()) {
                throw Connect.failure("deadline_exceeded", "context deadline exceeded");
            }
            if (System.nanoTime() - sent >= keepalive.toNanos()) {
                ObjectNode message = Json.object();
                message.putObject("keepalive");
                Connect.send(answer, message);
                sent = System.nanoTime();
            }
        }
        answer.abort();
    }

    private JsonNode createWatcher(Exchange exchange, SimulatedSandbox sandbox) throws IOException {
        Watcher watcher = watcher(exchange, sandbox, Connect.message(exchange, WATCH));
        return Json.object().put("watcherId", sandbox.watchers().add(watcher));
    }

    private JsonNode watcherEvents(Exchange exchange, SimulatedSandbox sandbox)
            throws IOException, InterruptedException {
        String id = Connect.message(exchange, "watcherId").text("watcherId").orElse("");
        Watcher watcher = sandbox.watchers().find(id).orElseThrow(() -> noWatcher(id));
        ArrayNode events = Json.array();
        watcher.events().forEach(events::add);
        ObjectNode answer = Json.object();
        if (!events.isEmpty()) {
            answer.set("events", events);
        }
        return answer;
    }

    private JsonNode removeWatcher(Exchange exchange, SimulatedSandbox sandbox) throws IOException {
        String id = Connect.message(exchange, "watcherId").text("watcherId").orElse("");
        if (!sandbox.watchers().remove(id)) {
            throw noWatcher(id);
        }
        return Json.object();
    }

    private static Connect.Failure noWatcher(String id) {
        return Connect.failure("not_found", "watcher with id " + id + " not found");
    }
}
