package dev.sandkeeper.local;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ExecOutput;
import dev.sandkeeper.internal.OutputParts.Part;
import dev.sandkeeper.internal.ShellPool;
import dev.sandkeeper.internal.Tags;
import dev.sandkeeper.internal.Words;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shell that runs one command after another, started as a command is: in a process namespace of its own, whose first process
 * ends it with all that its commands have started. The warden ends it when this JVM is gone, and so does the end of its input.
 */
final class LocalShell implements ShellPool.Shell, Running {
    private static final Logger LOG = LoggerFactory.getLogger(LocalShell.class);
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration END = Duration.ofSeconds(5);

    private final Process process;
    private final CommandRecord record;
    private final OutputStream stdin;
    private final PipeParts parts;
    private final ProcessIdentity first;
    private final ProcessIdentity shell;
    private final Host host;

    private LocalShell(
            Launcher.Launched launched, PipeParts parts, ProcessIdentity first, ProcessIdentity shell, Host host) {
        this.process = launched.process();
        this.record = launched.record();
        this.stdin = launched.stdin();
        this.parts = parts;
        this.first = first;
        this.shell = shell;
        this.host = host;
    }

    /**
     * Starts one.
     *
     * @param onBegin told when it has begun
     * @param onEnd told, after that, when it has ended
     * @return nothing if the sandbox's system lacks what it needs
     * @throws SandboxException if it cannot be started now
     */
    static @Nullable LocalShell open(
            Launcher launcher,
            Failures failures,
            Consumer<? super LocalShell> onBegin,
            Consumer<? super LocalShell> onEnd) {
        Host host = launcher.host();
        ProcessRequest request = new ProcessRequest(List.of("sh"), Map.of(), "/", null, true, null);
        Launcher.Launched launched;
        try {
            launched = launcher.shell(request);
        } catch (IOException e) {
            throw failures.unavailable(
                    "command_start_failed",
                    "no shell was started: " + e.getMessage(),
                    launcher.ref().id(),
                    e);
        }
        LocalShell made = null;
        PipeParts parts = null;
        try {
            String tag = Tags.next();
            parts = new PipeParts(launched.process(), host.executor());
            String script = "__sk_n=" + tag + " __sk_o=0\n" + host.scripts().shell();
            ExecOutput output = new ExecOutput(parts, tag);
            try {
                launched.stdin().write(script.getBytes(StandardCharsets.US_ASCII));
                List<String> words = Words.of(output.header(Deadline.in(PATIENCE)));
                if (words.size() == 4 && words.get(3).equals("ok")) {
                    made = identified(launched, parts, host);
                    onBegin.accept(made);
                    made.watch(onEnd);
                    return made;
                }
                return null;
            } catch (IOException e) {
                throw failures.notStarted(
                        "sh", "/", output.complaint(), launcher.ref().id());
            }
        } catch (RejectedExecutionException e) {
            throw failures.closed("the backend");
        } catch (InterruptedException e) {
            throw failures.interrupted("starting a command", launcher.ref().id());
        } finally {
            if (made == null) {
                abandon(launched, host);
                if (parts != null) {
                    parts.drain();
                }
            }
        }
    }

    /** It has run no command. */
    private static void abandon(Launcher.Launched launched, Host host) {
        launched.record().first().ifPresent(ProcessIdentity::kill);
        host.closing(launched.stdin());
        CompletableFuture<?> later = launched.process().onExit().thenRun(() -> forget(launched.record()));
        LOG.trace("a shell has not begun: {}", later);
    }

    private static void forget(CommandRecord record) {
        try {
            record.close();
        } catch (IOException e) {
            LOG.debug("cannot remove {}: {}", record.file(), e.toString());
        }
    }

    /** The shell has spoken, so all of its processes are there, and no others. */
    private static LocalShell identified(Launcher.Launched launched, PipeParts parts, Host host) throws IOException {
        ProcessIdentity first =
                launched.record().first().orElseThrow(() -> new IOException("the shell ended as soon as it had begun"));
        ProcessIdentity shell = Proc.children(first.pid()).stream()
                .flatMap(pid -> Proc.identify(pid).stream())
                .findFirst()
                .orElseThrow(() -> new IOException("the shell ended as soon as it had begun"));
        return new LocalShell(launched, parts, first, shell, host);
    }

    private void watch(Consumer<? super LocalShell> onEnd) {
        CompletableFuture<?> ended = process.onExit().thenRun(() -> {
            parts.wake();
            forget(record);
            onEnd.accept(this);
        });
        LOG.trace("shell {} begins: {}", shell, ended);
    }

    /** Sends it the text of a command. */
    void tell(byte[] text) throws IOException {
        stdin.write(text);
    }

    PipeParts parts() {
        return parts;
    }

    /** The first process of its namespace. */
    ProcessIdentity first() {
        return first;
    }

    /** The processes of its command. */
    List<ProcessHandle> members() {
        return CommandTree.members(first).stream()
                .filter(member -> member.pid() != shell.pid())
                .toList();
    }

    boolean holderAlive() {
        return record.holderAlive();
    }

    /** How it ended. Waits for that; -1 if nobody knows. */
    int exitCode() throws InterruptedException {
        if (!process.waitFor(END.toMillis(), TimeUnit.MILLISECONDS)) {
            return -1;
        }
        OptionalInt told = record.exitCode();
        return told.isPresent() ? told.getAsInt() : process.exitValue();
    }

    Host host() {
        return host;
    }

    long pid() {
        return shell.pid();
    }

    @Override
    public boolean usable() {
        try {
            return parts.next(Deadline.past()) == Part.NOTHING && process.isAlive();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void rest() {
        parts.settle();
    }

    /** Ends when its command has. */
    @Override
    public void leave() {
        parts.drain();
        host.closing(stdin);
    }

    @Override
    public void close() {
        leave();
    }

    /** Ends its input; what it says is still heard. */
    void dismiss() {
        host.closing(stdin);
    }

    /** Ends it with everything in its namespace. */
    boolean kill(Duration patience) throws InterruptedException {
        first.kill();
        return CommandTree.ends(first, patience);
    }

    @Override
    public Future<?> endLater() {
        try {
            return host.executor().submit(() -> kill(END));
        } catch (RejectedExecutionException e) {
            first.kill();
            return CompletableFuture.completedFuture(null);
        }
    }
}
