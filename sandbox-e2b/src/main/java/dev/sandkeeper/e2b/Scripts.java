package dev.sandkeeper.e2b;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.CommandControl;
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

/** Runs scripts of ours in one sandbox, beside its commands. Safe from many threads. */
final class Scripts implements CommandControl.Shell {
    private static final Logger LOG = LoggerFactory.getLogger(Scripts.class);

    /** Runs one command. */
    static final String COMMAND =
            ShellScripts.find() + ShellScripts.sweep() + ShellScripts.read(Scripts.class, "command.sh");

    private static final String PREPARE =
            ShellScripts.find() + ShellScripts.sweep() + ShellScripts.read(Scripts.class, "prepare.sh");

    /** What every command's tag begins with. */
    static final String TAG_PREFIX = "E-";

    private static final Duration BOUND = Duration.ofSeconds(20);
    private static final int LONGEST = 64 * 1024;
    private static final int ATTEMPTS = 3;

    private final Envd envd;
    private final CommandControl control;

    Scripts(Envd envd) {
        this.envd = envd;
        this.control = new CommandControl(this, TAG_PREFIX);
    }

    /** What the sandbox lacks, in words of prepare.sh. */
    String prepare(@Nullable String user, String owner) {
        return run("prepare sandbox " + envd.ref(), PREPARE, user, List.of(envd.ref(), TAG_PREFIX, owner), BOUND, true);
    }

    /** What signals and ends the commands. */
    CommandControl control() {
        return control;
    }

    @Override
    public String run(String what, String script, List<String> words, Duration time, boolean repeatable) {
        return run(what + " in sandbox " + envd.ref(), script, null, words, time.plus(BOUND), repeatable);
    }

    @Override
    public SandboxException unreadable(String what) {
        return new BackendUnavailableException(envd.client()
                .failure(
                        "answer_unreadable",
                        "could not " + what + " in sandbox " + envd.ref() + ": its shell gave a malformed answer")
                .remedy("See whether processes are exhausted in the sandbox"));
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
