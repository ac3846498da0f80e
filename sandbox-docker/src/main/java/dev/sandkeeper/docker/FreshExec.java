package dev.sandkeeper.docker;

import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ExecOutput;
import dev.sandkeeper.internal.Tags;
import dev.sandkeeper.internal.Words;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An exec of the engine for each command: slow (about 40 ms), and works with every user and every shell. */
final class FreshExec implements CommandChannel {
    private static final Logger LOG = LoggerFactory.getLogger(FreshExec.class);
    private static final String WHAT = "start a command";

    /** How long after its deadline a command ends that nobody ended: the host comes first, with a grace. */
    static final Duration AFTER_DEADLINE = Duration.ofSeconds(5);

    private final Execs execs;

    FreshExec(Execs execs) {
        this.execs = execs;
    }

    @Override
    public BackendProcess start(ProcessRequest request, byte[] input, @Nullable String user, Guard guard) {
        if (input.length == 0) {
            return start(request, user, guard);
        }
        BackendProcess process = start(request.withStdin(), user, guard);
        try (OutputStream stdin = process.stdin()) {
            stdin.write(input);
        } catch (IOException e) {
            LOG.debug("the command did not read all of its input: {}", e.getMessage());
        }
        return process;
    }

    private BackendProcess start(ProcessRequest request, @Nullable String user, Guard guard) {
        GuardLink.Hello hello = guard.hello();
        boolean terminal = request.terminal() != null;
        // a terminal can be told to print in capitals
        String tag = Tags.next().toUpperCase(Locale.ROOT);
        List<String> environment = new ArrayList<>();
        request.environment().forEach((name, value) -> environment.add(name + "=" + value));
        environment.add("SANDKEEPER_EXEC=" + tag);
        List<String> arguments = new ArrayList<>(List.of(
                hello.shell(),
                "-c",
                ShellText.COMMAND.text(),
                "sandkeeper",
                tag,
                Long.toString(Deadline.secondsInside(request.deadline(), AFTER_DEADLINE)),
                hello.sleep(),
                Long.toString(execs.openFiles()),
                terminal ? "1" : "0",
                request.workingDirectory()));
        arguments.addAll(request.arguments());
        try {
            Waiting waiting = execs.start(user, environment, arguments, terminal, started -> {
                ExecOutput output = new ExecOutput(started.stream(), tag, terminal);
                try {
                    String header = output.header(Deadline.in(execs.engine().callTimeout()));
                    return new Waiting(started, output, target(header, tag, request));
                } catch (IOException e) {
                    throw execs.lost(WHAT, output.complaint(), e);
                }
            });
            return release(waiting, request, guard);
        } catch (InterruptedException e) {
            throw execs.engine().faults().interrupted(WHAT, e);
        }
    }

    /** A wrapper that has found the command and waits for a line before it runs it. */
    private record Waiting(Execs.Started started, ExecOutput output, Target target) {}

    private BackendProcess release(Waiting waiting, ProcessRequest request, Guard guard) throws InterruptedException {
        HijackedStream stream = waiting.started().stream();
        Target target = waiting.target();
        boolean kept = false;
        try {
            ExecProcess process = new ExecProcess(
                    execs, guard, target, waiting.started(), waiting.output(), request, new Own(guard, target, stream));
            guard.register(target);
            process.release();
            kept = true;
            return process;
        } catch (IOException e) {
            throw waiting.output().notStarted().equals(Execs.NO_PROCESS)
                    ? execs.notStartable(request, Execs.NO_PROCESS)
                    : execs.lost(WHAT, waiting.output().complaint(), e);
        } finally {
            if (!kept) {
                // it has read no line yet, so it ends by itself
                stream.close();
                guard.forget(target);
            }
        }
    }

    /** Reads the line that the wrapper writes before it waits: P, its pid, its audit session, and what it found. */
    private Target target(String header, String tag, ProcessRequest request) throws IOException {
        List<String> words = Words.of(header);
        if (words.size() != 4 || !words.get(0).equals("P") || !words.get(1).matches("[0-9]{1,9}")) {
            throw new IOException("the shell in the sandbox gave a malformed answer");
        }
        return switch (words.get(3)) {
            case "ok" ->
                new Target(
                        tag, words.get(2).matches("[0-9]{1,10}") ? words.get(2) : "-", Integer.parseInt(words.get(1)));
            default -> throw execs.notStartable(request, words.get(3));
        };
    }

    /** An exec of the command's own. */
    private record Own(Guard guard, Target target, HijackedStream stream) implements Seat {
        @Override
        public String channel() {
            return "exec";
        }

        @Override
        public boolean lasts() {
            return false;
        }

        @Override
        public void mainEnded() {
            guard.forget(target);
        }

        @Override
        public void release(boolean clean) {
            stream.close();
        }

        @Override
        public void leave() {
            guard.leave(target);
            stream.close();
        }
    }
}
