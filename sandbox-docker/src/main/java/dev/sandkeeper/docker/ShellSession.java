package dev.sandkeeper.docker;

import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ExecOutput;
import dev.sandkeeper.internal.OutputParts;
import dev.sandkeeper.internal.ShellPool;
import dev.sandkeeper.internal.Tags;
import dev.sandkeeper.internal.Words;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A shell that runs one command after another. The guard ends it when this JVM is gone. */
final class ShellSession implements ShellPool.Shell {
    private final Guard guard;
    private final String execId;
    private final HijackedStream stream;
    private final Target target;
    private volatile long usedAt = System.nanoTime();

    private ShellSession(Guard guard, Execs.Started started, Target target) {
        this.guard = guard;
        this.execId = started.id();
        this.stream = started.stream();
        this.target = target;
    }

    /**
     * Starts the shell.
     *
     * @return nothing if the image or the kernel lacks what it needs
     * @throws dev.sandkeeper.SandboxException if it cannot be started now
     */
    static @Nullable ShellSession open(Execs execs, @Nullable String user, Guard guard, GuardLink.Hello hello) {
        String what = "start a shell in the sandbox";
        String tag = Tags.next();
        String script = "__sk_n=" + tag + " __sk_z='" + hello.sleep().replace("'", "'\\''") + "' __sk_o="
                + execs.openFiles() + "\n"
                + ShellText.SESSION.text();
        Begun begun;
        try {
            begun = execs.start(user, List.of(), List.of(hello.shell()), started -> {
                ExecOutput output = new ExecOutput(started.stream(), tag);
                Deadline deadline = Deadline.in(execs.engine().callTimeout());
                byte[] bytes = script.getBytes(StandardCharsets.UTF_8);
                try {
                    started.stream().write(bytes, 0, bytes.length, deadline);
                    String header = output.header(deadline);
                    if (header.equals("F " + Execs.NO_PROCESS)) {
                        throw execs.exhausted("");
                    }
                    return new Begun(started, target(header, tag));
                } catch (IOException e) {
                    throw execs.lost(what, output.complaint(), e);
                }
            });
        } catch (InterruptedException e) {
            throw execs.engine().faults().interrupted(what, e);
        }
        boolean kept = false;
        try {
            Target target = begun.target();
            if (target == null) {
                return null;
            }
            guard.register(target);
            kept = true;
            return new ShellSession(guard, begun.started(), target);
        } finally {
            if (!kept) {
                // it has run no command, and ends when its input does
                begun.started().stream().close();
            }
        }
    }

    /** A shell that has said its first word, and nothing of it if that was that it cannot work here. */
    private record Begun(Execs.Started started, @Nullable Target target) {}

    private static @Nullable Target target(String header, String tag) throws IOException {
        List<String> words = Words.of(header);
        if (words.size() != 4
                || !words.get(0).equals("H")
                || !words.get(1).matches("[0-9]{1,9}")
                || !words.get(2).matches("-|[0-9]{1,10}")) {
            throw new IOException("the shell in the sandbox gave a malformed answer");
        }
        return words.get(3).equals("ok") ? new Target(tag, words.get(2), Integer.parseInt(words.get(1))) : null;
    }

    String execId() {
        return execId;
    }

    HijackedStream stream() {
        return stream;
    }

    Target target() {
        return target;
    }

    @Override
    public void rest() {
        usedAt = System.nanoTime();
    }

    /** How long it has waited. */
    Duration rested() {
        return Duration.ofNanos(System.nanoTime() - usedAt);
    }

    @Override
    public boolean usable() {
        try {
            return stream.next(Deadline.past()) == OutputParts.Part.NOTHING;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Lets go of it while it runs a command: it ends after that, or with this JVM. */
    @Override
    public void leave() {
        stream.close();
    }

    @Override
    public void close() {
        stream.close();
        guard.forget(target);
    }
}
