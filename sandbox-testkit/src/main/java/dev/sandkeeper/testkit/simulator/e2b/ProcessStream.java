package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.Signal;
import dev.sandkeeper.testkit.simulator.e2b.SimulatedSandbox.State;
import dev.sandkeeper.testkit.simulator.internal.AnswerStream;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.RunningCommand;
import dev.sandkeeper.testkit.simulator.internal.RunningCommand.Output;
import dev.sandkeeper.testkit.simulator.internal.RunningCommand.Source;
import dev.sandkeeper.testkit.simulator.internal.SimulatorServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;

/** The events of one process as one client sees them. */
final class ProcessStream {
    /** How often it looks whether the client or the sandbox has gone. */
    private static final Duration LOOK = Duration.ofMillis(100);

    private final AnswerStream answer;
    private final SimulatedSandbox sandbox;
    private final ProcessTable.Entry entry;
    private final SimulatorServer server;
    private final long started = System.nanoTime();
    private final Optional<Duration> timeout;
    private final Duration keepalive;
    private long lastSent = System.nanoTime();

    ProcessStream(
            Exchange exchange,
            AnswerStream answer,
            SimulatedSandbox sandbox,
            ProcessTable.Entry entry,
            SimulatorServer server) {
        this.answer = answer;
        this.sandbox = sandbox;
        this.entry = entry;
        this.server = server;
        this.timeout = Connect.timeout(exchange);
        this.keepalive = Connect.keepalive(exchange);
    }

    /**
     * Sends events until the process has ended, the deadline of the call has passed or somebody has gone.
     */
    void run(RunningCommand.Attachment output) throws IOException, InterruptedException {
        send("start", Json.object().put("pid", entry.pid()));
        while (true) {
            Output next = output.next(LOOK);
            if (timeout.isPresent() && passed(started, timeout.get())) {
                Connect.end(answer, Connect.failure("deadline_exceeded", "context deadline exceeded"));
                return;
            }
            if (next != null) {
                send("data", data(next));
            } else if (output.atEnd()) {
                end();
                return;
            } else if (answer.clientGone() || sandbox.state() != State.RUNNING || server.pause(Duration.ZERO)) {
                answer.abort();
                return;
            } else if (passed(lastSent, keepalive)) {
                send("keepalive", Json.object());
            }
        }
    }

    private static boolean passed(long since, Duration time) {
        return System.nanoTime() - since >= time.toNanos();
    }

    private void send(String event, ObjectNode content) throws IOException {
        ObjectNode message = Json.object();
        message.putObject("event").set(event, content);
        Connect.send(answer, message);
        lastSent = System.nanoTime();
    }

    private ObjectNode data(Output output) {
        String stream = entry.terminal() ? "pty" : output.source() == Source.OUT ? "stdout" : "stderr";
        return Json.object().put(stream, Base64.getEncoder().encodeToString(output.bytes()));
    }

    private void end() throws IOException {
        if (sandbox.state() != State.RUNNING) {
            answer.abort();
            return;
        }
        Optional<Throwable> failure = entry.command().failure();
        if (failure.isPresent() && failure.get() instanceof CommandNotStartableException e) {
            // The daemon starts every program through another one, which says so.
            int code = e.code().equals("command_not_found") ? 127 : 126;
            send("data", Json.object().put("stderr", complaint(code)));
            send("end", exited(code));
        } else if (failure.isPresent()) {
            answer.abort();
            return;
        } else {
            send("end", ended(entry.command().status().orElseThrow()));
        }
        Connect.end(answer);
    }

    private String complaint(int code) {
        String text = "/usr/bin/nice: '" + entry.command().request().arguments().get(0) + "': "
                + (code == 127 ? "No such file or directory" : "Permission denied") + "\n";
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private ObjectNode ended(ExitStatus status) {
        Signal signal = entry.command().signalled();
        if (signal != null && status.exitCode() == 128 + signal.number()) {
            String text = "signal: " + (signal == Signal.KILL ? "killed" : "terminated");
            return Json.object().put("exitCode", -1).put("status", text).put("error", text);
        }
        return exited(status.exitCode());
    }

    private static ObjectNode exited(int code) {
        String text = "exit status " + code;
        return code == 0
                ? Json.object().put("exited", true).put("status", text)
                : Json.object()
                        .put("exitCode", code)
                        .put("exited", true)
                        .put("status", text)
                        .put("error", text);
    }
}
