package dev.sandkeeper.docker;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A shell that runs one command after another: session.sh. The guard ends it when this JVM is gone. */
final class ShellSession implements Closeable {
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
        Execs.Started started = execs.start(user, List.of(), List.of(hello.shell()));
        ExecOutput output = new ExecOutput(started.stream(), tag);
        Deadline deadline = Deadline.in(execs.engine().callTimeout());
        ShellSession session = null;
        try {
            String script = "__sk_n=" + tag + " __sk_z='" + hello.sleep().replace("'", "'\\''") + "' __sk_o="
                    + execs.openFiles() + "\n"
                    + ShellText.SESSION.text();
            byte[] bytes = script.getBytes(StandardCharsets.UTF_8);
            started.stream().write(bytes, 0, bytes.length, deadline);
            List<String> words = Words.of(output.header(deadline));
            if (words.size() != 4
                    || !words.get(0).equals("H")
                    || !words.get(1).matches("[0-9]{1,9}")
                    || !words.get(2).matches("-|[0-9]{1,10}")) {
                throw new IOException("the shell in the sandbox gave a malformed answer");
            }
            if (words.get(3).equals("ok")) {
                Target target = new Target(tag, words.get(2), Integer.parseInt(words.get(1)));
                guard.register(target);
                session = new ShellSession(guard, started, target);
            }
            return session;
        } catch (IOException e) {
            throw execs.lost(what, output.complaint(), e);
        } catch (InterruptedException e) {
            throw execs.engine().faults().interrupted(what, e);
        } finally {
            if (session == null) {
                // it has run no command, and ends when its input does
                started.stream().close();
            }
        }
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

    /** It waits for its next command from now on. */
    void rest() {
        usedAt = System.nanoTime();
    }

    /** How long it has waited. */
    Duration rested() {
        return Duration.ofNanos(System.nanoTime() - usedAt);
    }

    /** Whether it lives, as far as is known without asking, and has said nothing that it was not asked for. */
    boolean usable() {
        try {
            return stream.next(Deadline.past()) == HijackedStream.Part.NOTHING;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Lets go of it while it runs a command: it ends after that, or with this JVM. */
    void leave() {
        stream.close();
    }

    /** Ends it, and nothing that its commands have left behind. */
    @Override
    public void close() {
        stream.close();
        guard.forget(target);
    }
}
