package dev.sandkeeper.e2b;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ShellScripts;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Our scripts in one sandbox, beside its commands: they signal, end and count these. Safe from many threads. */
final class Scripts {
    private static final Logger LOG = LoggerFactory.getLogger(Scripts.class);

    /** Runs one command. */
    static final String COMMAND =
            ShellScripts.find() + ShellScripts.sweep() + ShellScripts.read(Scripts.class, "command.sh");

    private static final String CONTROL =
            ShellScripts.find() + ShellScripts.sweep() + ShellScripts.read(Scripts.class, "control.sh");
    private static final String PREPARE = ShellScripts.find() + ShellScripts.read(Scripts.class, "prepare.sh");

    /** What every command's tag begins with, so that it stands for all of them. */
    static final String EVERY = "E-";

    private static final Duration BOUND = Duration.ofSeconds(20);
    private static final Duration SLICE = Duration.ofSeconds(20);
    private static final int LONGEST = 64 * 1024;
    private static final int ATTEMPTS = 3;

    private final Envd envd;

    Scripts(Envd envd) {
        this.envd = envd;
    }

    /** What the sandbox lacks, in words of prepare.sh. */
    String prepare(@Nullable String user, String owner) {
        return run("prepare sandbox " + envd.ref(), PREPARE, user, List.of(owner), BOUND, true);
    }

    /** Signals all processes of a command. */
    void signal(String tag, int number) {
        control("signal a command", "signal", Integer.toString(number), List.of(tag), Duration.ZERO, false);
    }

    /** Sends TERM and waits. {@return how many processes are left} */
    int term(String tag, Duration grace) {
        return slices("term", tag, grace);
    }

    /** Sends TERM to all that was ever started here, has those go on that are halted, and waits. */
    int termAll(Duration grace) {
        return slices("all", EVERY, grace);
    }

    private int slices(String first, String tag, Duration time) {
        String operation = first;
        Duration left = time;
        while (true) {
            Duration slice = left.compareTo(SLICE) > 0 ? SLICE : left;
            int count = control("ask commands to end", operation, tenths(slice), List.of(tag), slice, true);
            left = left.minus(slice);
            if (count == 0 || left.isZero()) {
                return count;
            }
            operation = "wait";
        }
    }

    /** Kills all processes of commands. {@return how many are left} */
    int kill(List<String> tags, Duration time) {
        return tags.isEmpty() ? 0 : control("end commands", "kill", tenths(time), tags, time, true);
    }

    private static String tenths(Duration time) {
        return Long.toString(time.plusMillis(99).toMillis() / 100);
    }

    private int control(
            String what, String operation, String number, List<String> tags, Duration time, boolean repeatable) {
        List<String> arguments = new ArrayList<>(List.of(operation, number));
        arguments.addAll(tags);
        String said = run(what + " in sandbox " + envd.ref(), CONTROL, null, arguments, time.plus(BOUND), repeatable)
                .strip();
        if (!said.matches("[0-9]{1,9}")) {
            throw new BackendUnavailableException(envd.client()
                    .failure(
                            "answer_unreadable",
                            "could not " + what + ": the sandbox's shell gave a malformed answer"));
        }
        return Integer.parseInt(said);
    }

    private String run(
            String what,
            String script,
            @Nullable String user,
            List<String> arguments,
            Duration bound,
            boolean repeatable) {
        for (int attempt = 1; ; attempt++) {
            try {
                return once(what, script, user, arguments, bound);
            } catch (OutcomeUnknownException | BackendUnavailableException e) {
                if (!repeatable || attempt == ATTEMPTS || e.code().equals("backend_closed")) {
                    throw e;
                }
                LOG.debug("tries again to {}: {}", what, e.getMessage());
            }
        }
    }

    private String once(String what, String script, @Nullable String user, List<String> arguments, Duration bound) {
        List<String> all = new ArrayList<>(List.of("sh", "-c", script, "sandkeeper"));
        all.addAll(arguments);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try (ProcessStream stream = envd.start(new Envd.Start(all, Map.of(), user, false, null))) {
            Runnable off = envd.client().after(bound, stream::close);
            try {
                for (var part = stream.next(Deadline.never());
                        part != ProcessStream.Part.END;
                        part = stream.next(Deadline.never())) {
                    if (part == ProcessStream.Part.STDOUT && said.size() < LONGEST) {
                        said.write(stream.buffer(), stream.start(), stream.length());
                    }
                }
            } catch (IOException e) {
                throw lost(what, stream, e);
            } finally {
                off.run();
            }
        }
        return said.toString(StandardCharsets.UTF_8);
    }

    private SandboxException lost(String what, ProcessStream stream, IOException e) {
        if (stream.closed()) {
            return new BackendUnavailableException(envd.client()
                    .failure("sandbox_silent", "could not " + what + ": the sandbox did not answer in time")
                    .cause(e));
        }
        SandboxException shown = stream.lost(e);
        return switch (envd.state()) {
            case GONE -> envd.gone(shown);
            default -> shown;
        };
    }
}
