package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.testkit.simulator.internal.AnswerStream;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Fields;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Router;
import dev.sandkeeper.testkit.simulator.internal.RunningCommand;
import dev.sandkeeper.testkit.simulator.internal.SimulatorServer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code process.Process}: commands in a sandbox. */
final class Processes {
    private static final Logger LOG = LoggerFactory.getLogger(Processes.class);
    private static final int LARGEST_DATA = 32 * 1024;
    private static final int LARGEST_PTY_DATA = 16 * 1024;
    /** Directories of which it is known that they exist. */
    private static final Set<String> PRESENT = Set.of("/", "/tmp", Paths.WORKSPACE, Paths.HOME);

    private final Gate gate;
    private final SimulatorServer server;

    Processes(Gate gate, SimulatorServer server) {
        this.gate = gate;
        this.server = server;
    }

    void addTo(Router router) {
        String service = "/process.Process/";
        router.add("POST", service + "Start", Connect.streaming(gate, this::start))
                .add("POST", service + "Connect", Connect.streaming(gate, this::connect))
                .add("POST", service + "List", Connect.unary(gate, this::list))
                .add("POST", service + "SendInput", Connect.unary(gate, this::sendInput))
                .add("POST", service + "StreamInput", Connect.streaming(gate, this::streamInput))
                .add("POST", service + "CloseStdin", Connect.unary(gate, this::closeInput))
                .add("POST", service + "SendSignal", Connect.unary(gate, this::sendSignal))
                .add("POST", service + "Update", Connect.unary(gate, this::update));
    }

    private void start(Exchange exchange, SimulatedSandbox sandbox, AnswerStream answer)
            throws IOException, InterruptedException {
        ProcessTable.Entry entry = started(sandbox, Gate.user(exchange), Connect.request(exchange));
        RunningCommand command = entry.command();
        try (RunningCommand.Attachment output = command.attach()) {
            ProcessStream events = new ProcessStream(exchange, answer, sandbox, entry, server);
            command.pump(server, () -> ProcessTable.ended(entry));
            // It is the process's own, whether or not a client still listens.
            Connect.timeout(exchange).ifPresent(time -> endAfter(time, entry));
            events.run(output);
        }
    }

    private void endAfter(Duration time, ProcessTable.Entry entry) {
        Future<?> alarm = server.after(time, () -> server.run("deadline", () -> kill(entry)));
        Future<?> ended = entry.command().onEnd().whenComplete((status, failure) -> alarm.cancel(false));
        LOG.trace("{} ends in time: {}", entry.pid(), ended);
    }

    private static void kill(ProcessTable.Entry entry) {
        try {
            entry.command().kill();
        } catch (SandboxException e) {
            LOG.debug("{} is left to its sandbox's end: {}", entry.pid(), e.toString());
        }
    }

    private ProcessTable.Entry started(SimulatedSandbox sandbox, String user, byte[] message) {
        Fields fields = Connect.fields(message, "process", "pty", "tag", "stdin");
        Fields process = fields.fields("process", "cmd", "args", "envs", "cwd")
                .orElseThrow(() -> Connect.failure("invalid_argument", "process is missing"));
        if (!Gate.known(user)) {
            throw Connect.failure("unauthenticated", "invalid username: '" + user + "'");
        }
        String program = process.text("cmd").orElse("");
        List<String> arguments = process.texts("args").orElse(List.of());
        Map<String, String> environment = process.textMap("envs").orElse(Map.of());
        String directory = directory(sandbox, user, process.text("cwd").orElse(""));
        TerminalSize terminal =
                fields.fields("pty", "size").map(Processes::size).orElse(null);
        if (terminal != null && !sandbox.machine().can(Capability.TERMINAL)) {
            throw Connect.failure("unimplemented", "the backing sandbox has no terminals");
        }
        List<String> all = new ArrayList<>(List.of(program));
        all.addAll(arguments);
        ProcessRequest request = new ProcessRequest(
                all,
                environment(sandbox, user, environment),
                directory,
                Gate.machineUser(user),
                terminal != null || fields.flag("stdin").orElse(true),
                null,
                false,
                terminal);
        RunningCommand command = command(sandbox, request, terminal == null ? LARGEST_DATA : LARGEST_PTY_DATA);
        return sandbox.processes()
                .add(
                        fields.text("tag").orElse(null),
                        config(
                                program,
                                arguments,
                                environment,
                                process.text("cwd").orElse(null)),
                        command,
                        terminal != null);
    }

    private static RunningCommand command(SimulatedSandbox sandbox, ProcessRequest request, int largest) {
        try {
            return RunningCommand.start(sandbox.machine(), request, largest);
        } catch (CommandNotStartableException e) {
            throw Connect.failure("invalid_argument", "error starting process: " + e.code());
        } catch (SandboxException e) {
            throw Connect.failure("unavailable", "the sandbox did not take the command: " + e.code());
        } catch (IllegalArgumentException e) {
            throw Connect.failure("invalid_argument", "error starting process");
        }
    }

    private static String directory(SimulatedSandbox sandbox, String user, String cwd) {
        String path;
        try {
            path = Paths.resolve(cwd, user);
        } catch (IllegalArgumentException e) {
            throw Connect.failure("invalid_argument", String.valueOf(e.getMessage()));
        }
        String real = Paths.real(path);
        if (!cwd.isEmpty() && !PRESENT.contains(path)) {
            try {
                FileInfo.Type type = sandbox.machine().files().stat(real).type();
                if (type == FileInfo.Type.FILE) {
                    throw Connect.failure("invalid_argument", "cwd '" + path + "' is not a directory");
                }
            } catch (FileAccessException e) {
                throw Connect.failure("invalid_argument", "cwd '" + path + "' does not exist");
            }
        }
        return real.equals("/root") && !sandbox.machine().can(Capability.COMMAND_USER) ? Paths.WORKSPACE : real;
    }

    private static Map<String, String> environment(SimulatedSandbox sandbox, String user, Map<String, String> wanted) {
        Map<String, String> environment = new HashMap<>();
        environment.put("USER", user);
        environment.put("LOGNAME", user);
        environment.put(
                "HOME",
                user.equals("root") && sandbox.machine().can(Capability.COMMAND_USER) ? "/root" : sandbox.home());
        environment.putAll(sandbox.request().environment());
        environment.putAll(wanted);
        return environment;
    }

    private static ObjectNode config(
            String program, List<String> arguments, Map<String, String> environment, @Nullable String cwd) {
        ObjectNode config = Json.object().put("cmd", program);
        if (!arguments.isEmpty()) {
            ArrayNode args = config.putArray("args");
            arguments.forEach(args::add);
        }
        if (!environment.isEmpty()) {
            ObjectNode envs = config.putObject("envs");
            environment.forEach(envs::put);
        }
        if (cwd != null) {
            config.put("cwd", cwd);
        }
        return config;
    }

    private static TerminalSize size(Fields pty) {
        return pty.fields("size", "cols", "rows")
                .map(size -> new TerminalSize(
                        size.number("cols", 1, 65_535).orElse(80L).intValue(),
                        size.number("rows", 1, 65_535).orElse(24L).intValue()))
                .orElse(new TerminalSize(80, 24));
    }

    private void connect(Exchange exchange, SimulatedSandbox sandbox, AnswerStream answer)
            throws IOException, InterruptedException {
        ProcessTable.Entry entry = selected(sandbox, Connect.fields(Connect.request(exchange), "process"));
        try (RunningCommand.Attachment output = entry.command().attach()) {
            new ProcessStream(exchange, answer, sandbox, entry, server).run(output);
        }
    }

    private static ProcessTable.Entry selected(SimulatedSandbox sandbox, Fields fields) {
        Fields selector = fields.fields("process", "pid", "tag")
                .orElseThrow(() -> Connect.failure("invalid_argument", "invalid process selector"));
        Optional<Long> pid = selector.number("pid", 0, Integer.MAX_VALUE);
        if (pid.isPresent()) {
            return sandbox.processes()
                    .byPid(pid.get().intValue())
                    .orElseThrow(() -> Connect.failure("not_found", "process with pid " + pid.get() + " not found"));
        }
        String tag =
                selector.text("tag").orElseThrow(() -> Connect.failure("invalid_argument", "invalid process selector"));
        return sandbox.processes()
                .byTag(tag)
                .orElseThrow(() -> Connect.failure("not_found", "process with tag " + tag + " not found"));
    }

    /** One that runs: calls that do something to it find no other. */
    private static ProcessTable.Entry running(SimulatedSandbox sandbox, Fields fields) {
        ProcessTable.Entry entry = selected(sandbox, fields);
        if (!entry.runs()) {
            throw Connect.failure("not_found", "process with pid " + entry.pid() + " not found");
        }
        return entry;
    }

    private JsonNode list(Exchange exchange, SimulatedSandbox sandbox) throws IOException {
        Fields empty = Connect.message(exchange);
        ObjectNode answer = Json.object();
        List<ProcessTable.Entry> running = sandbox.processes().running();
        if (!empty.has("processes") && !running.isEmpty()) {
            ArrayNode processes = answer.putArray("processes");
            running.forEach(entry -> processes.add(entry.shape()));
        }
        return answer;
    }

    private JsonNode sendInput(Exchange exchange, SimulatedSandbox sandbox) throws IOException {
        Fields fields = Connect.message(exchange, "process", "input");
        write(running(sandbox, fields), fields);
        return Json.object();
    }

    private static void write(ProcessTable.Entry entry, Fields fields) {
        Fields input = fields.fields("input", "stdin", "pty")
                .orElseThrow(() -> Connect.failure("invalid_argument", "input is missing"));
        Optional<String> text = input.text("stdin").or(() -> input.text("pty"));
        if (input.has("pty") != entry.terminal()) {
            throw Connect.failure("failed_precondition", "the process has " + (entry.terminal() ? "a" : "no") + " tty");
        }
        try {
            entry.command().write(Base64.getDecoder().decode(text.orElse("")));
        } catch (IllegalArgumentException e) {
            throw Connect.failure("invalid_argument", "unmarshal message: no base64");
        } catch (IOException e) {
            throw Connect.failure("internal", "error writing to stdin");
        }
    }

    private void streamInput(Exchange exchange, SimulatedSandbox sandbox, AnswerStream answer) throws IOException {
        ProcessTable.Entry entry = null;
        for (byte[] message = Connect.next(exchange); message != null; message = Connect.next(exchange)) {
            Fields fields = Connect.fields(message, "start", "data", "keepalive");
            Optional<Fields> start = fields.fields("start", "process");
            Optional<Fields> data = fields.fields("data", "input");
            if (start.isPresent()) {
                entry = running(sandbox, start.get());
            } else if (data.isPresent() && entry != null) {
                write(entry, data.get());
            }
        }
        Connect.send(answer, Json.object());
        Connect.end(answer);
    }

    private JsonNode closeInput(Exchange exchange, SimulatedSandbox sandbox) throws IOException {
        ProcessTable.Entry entry = running(sandbox, Connect.message(exchange, "process"));
        if (entry.terminal()) {
            throw Connect.failure("unknown", "cannot close stdin for PTY process");
        }
        entry.command().closeInput();
        return Json.object();
    }

    private JsonNode sendSignal(Exchange exchange, SimulatedSandbox sandbox) throws IOException {
        Fields fields = Connect.message(exchange, "process", "signal");
        ProcessTable.Entry entry = running(sandbox, fields);
        String name = fields.value("signal").map(value -> value.asText()).orElse("SIGNAL_UNSPECIFIED");
        try {
            switch (name) {
                case "SIGNAL_SIGKILL", "9" -> entry.command().signal(Signal.KILL);
                case "SIGNAL_SIGTERM", "15" -> entry.command().signal(Signal.TERM);
                default -> throw Connect.failure("unimplemented", "invalid signal: " + name);
            }
        } catch (SandboxException e) {
            throw Connect.failure("internal", "error sending signal");
        }
        return Json.object();
    }

    private JsonNode update(Exchange exchange, SimulatedSandbox sandbox) throws IOException {
        Fields fields = Connect.message(exchange, "process", "pty");
        ProcessTable.Entry entry = running(sandbox, fields);
        Optional<Fields> pty = fields.fields("pty", "size");
        if (pty.isPresent()) {
            if (!entry.terminal()) {
                throw Connect.failure("failed_precondition", "tty not assigned to process");
            }
            entry.command().resize(size(pty.get()));
        }
        return Json.object();
    }
}
