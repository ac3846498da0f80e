package dev.sandkeeper.docker;

import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An exec of the engine for each command: slow (about 40 ms), and works with every user and every shell. */
final class FreshExec implements CommandChannel {
    private static final String WHAT = "start a command";

    /** How long after its deadline a command ends that nobody ended: the host comes first, with a grace. */
    private static final Duration AFTER_DEADLINE = Duration.ofSeconds(5);

    private final Execs execs;

    FreshExec(Execs execs) {
        this.execs = execs;
    }

    @Override
    public BackendProcess start(ProcessRequest request, @Nullable String user, Guard guard) {
        GuardLink.Hello hello = guard.hello();
        String tag = Tags.next();
        List<String> environment = new ArrayList<>();
        request.environment().forEach((name, value) -> environment.add(name + "=" + value));
        environment.add("SANDKEEPER_EXEC=" + tag);
        List<String> arguments = new ArrayList<>(List.of(
                hello.shell(),
                "-c",
                ShellText.COMMAND.text(),
                "sandkeeper",
                tag,
                seconds(request.deadline()),
                hello.sleep(),
                request.workingDirectory()));
        arguments.addAll(request.arguments());
        Execs.Started started = execs.start(user, environment, arguments);
        ExecOutput output = new ExecOutput(started.stream(), tag);
        boolean kept = false;
        Target target = null;
        try {
            target = target(output.header(Deadline.in(execs.engine().callTimeout())), tag, request);
            ExecProcess process = new ExecProcess(execs, guard, target, started, output, request);
            guard.register(target);
            process.release();
            kept = true;
            return process;
        } catch (IOException e) {
            throw lost(output, e);
        } catch (InterruptedException e) {
            throw execs.engine().faults().interrupted(WHAT, e);
        } finally {
            if (!kept) {
                // it has read no line yet, so it ends by itself
                started.stream().close();
                if (target != null) {
                    guard.forget(target);
                }
            }
        }
    }

    private SandboxException lost(ExecOutput output, IOException e) {
        String complaint = output.complaint();
        if (!complaint.isEmpty()) {
            return execs.refused(0, complaint);
        }
        return execs.isGone()
                ? execs.engine().faults().gone(execs.ref(), "it ended")
                : execs.engine().faults().unreachable(WHAT, e);
    }

    private static String seconds(@Nullable Duration deadline) {
        return deadline == null
                ? "0"
                : Long.toString(deadline.plusMillis(999).plus(AFTER_DEADLINE).toSeconds());
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
            case "cwd" ->
                throw new CommandNotStartableException(execs.failure(
                                "working_directory_missing",
                                "the working directory " + request.workingDirectory()
                                        + " does not exist in the sandbox or cannot be entered")
                        .remedy("Make it first, or name another"));
            case "126" -> throw notStartable(execs, request.arguments().get(0), true);
            default -> throw notStartable(execs, request.arguments().get(0), false);
        };
    }

    static CommandNotStartableException notStartable(Execs execs, String program, boolean found) {
        return found
                ? new CommandNotStartableException(execs.failure(
                                "command_not_executable",
                                "\"" + program + "\" is in the sandbox but cannot be executed (126)")
                        .remedy("Set its executable bit, or run it by its interpreter"))
                : new CommandNotStartableException(
                        execs.failure("command_not_found", "\"" + program + "\" is not in the sandbox (127)")
                                .remedy("Install it in the image, or name its path"));
    }
}
