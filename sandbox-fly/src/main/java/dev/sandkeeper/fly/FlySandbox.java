package dev.sandkeeper.fly;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.CommandText;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.PrintfFormat;
import dev.sandkeeper.internal.ShellBackground;
import dev.sandkeeper.internal.ShellFiles;
import dev.sandkeeper.internal.ShellMeasures;
import dev.sandkeeper.internal.Tags;
import dev.sandkeeper.spi.BackendBackground;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connection to one Machine. */
final class FlySandbox implements BackendSandbox {
    private static final Logger LOG = LoggerFactory.getLogger(FlySandbox.class);
    /** A script of ours removes what it has half made. */
    private static final Duration ABANDONED = Duration.ofSeconds(5);

    private static final byte[] NOTHING = {};
    /** What a host has to end a command with the grace that was asked for, before the guest does. */
    private static final Duration OVERTIME = Duration.ofSeconds(4);

    /** A shell of the guest reads a command of so many bytes sooner by itself than processes do it for it. */
    private static final int LONGEST_OCTAL = 2048;

    private static final Duration BEAT = Duration.ofMillis(2500);
    private static final Duration CLOSING = Duration.ofSeconds(8);

    private final Guest guest;
    private final SandboxRef ref;
    private final String backend;
    private final ExecutorService workers;
    private final Consumer<FlySandbox> onClose;
    private final BackendFiles files;
    private final BackendBackground background;
    private final ShellMeasures measures;
    private final Set<FlyProcess> running = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean beating = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();
    private long memoryKills;

    /**
     * A connection to a Machine whose agent is in place.
     *
     * @param ref what the sandbox is called
     * @param memoryKills how many processes its kernel has killed for want of memory so far
     * @param workers for what blocks
     * @param onClose told when this is closed
     */
    FlySandbox(
            Guest guest,
            SandboxRef ref,
            long memoryKills,
            String backend,
            ExecutorService workers,
            Consumer<FlySandbox> onClose) {
        this.memoryKills = memoryKills;
        this.guest = guest;
        this.ref = ref;
        this.backend = backend;
        this.workers = workers;
        this.onClose = onClose;
        this.files = new ShellFiles(this, backend, workers);
        this.background = new ShellBackground(this, backend, null);
        this.measures = new ShellMeasures(this, backend);
    }

    @Override
    public String providerRef() {
        return ref.toString();
    }

    @Override
    public BackendProcess start(ProcessRequest request) {
        return start(request, NOTHING);
    }

    @Override
    public BackendProcess start(ProcessRequest request, byte[] input) {
        check(request);
        String tag = Tags.next();
        Duration deadline = request.deadline();
        boolean watched = deadline == null;
        long seconds = Deadline.secondsInside(deadline, OVERTIME);
        byte[] text = Objects.requireNonNull(CommandText.ofAnyLength(request, input, false, tag, seconds));
        GuestOutput parts = new GuestOutput(guest, tag, watched);
        boolean octal = text.length <= LONGEST_OCTAL;
        int last = sendAhead(tag, text);
        String piece = octal
                ? PrintfFormat.octal(text) + "\n"
                : Guest.base64(text, last * Guest.PIECE, text.length - last * Guest.PIECE);
        List<String> run = new ArrayList<>(List.of(
                "run",
                tag,
                Long.toString(seconds),
                request.stdin() ? "1" : "0",
                Integer.toString(last),
                octal ? "0" : Integer.toString(piece.length()),
                watched ? guest.host() : "-"));
        run.addAll(parts.firstLook(!request.stdin()));
        AtomicBoolean repeated = new AtomicBoolean();
        OutputStream stdin = request.stdin() ? new GuestInput(guest, tag, watched) : GuestInput.none();
        FlyProcess process = new FlyProcess(guest, this, request, tag, repeated, parts, stdin);
        running.add(process);
        boolean started = false;
        try {
            parts.take(guest.ask(watched, piece, run, Deadline.in(Guest.PATIENCE), () -> repeated.set(true)));
            started = true;
            return process;
        } catch (IOException e) {
            throw new BackendUnavailableException(guest.api()
                    .client()
                    .failure("command_lost", "it is not known whether a command was started in Machine " + guest.ref())
                    .cause(e));
        } finally {
            if (!started) {
                later(() -> abandon(process));
            }
        }
    }

    /** Sends all of a long command but its last piece, whose number it answers. */
    private int sendAhead(String tag, byte[] text) {
        int last = (text.length - 1) / Guest.PIECE;
        for (int number = 0; number < last; number++) {
            String piece = Guest.base64(text, number * Guest.PIECE, Guest.PIECE);
            guest.ask(false, piece, List.of("put", tag, Integer.toString(number), Integer.toString(piece.length())));
        }
        return last;
    }

    /** It may have been started all the same. */
    private void abandon(FlyProcess process) {
        try {
            process.end(ABANDONED);
        } catch (SandboxException e) {
            LOG.debug("a command of {} that may have been started ends with its host", guest.ref(), e);
        } finally {
            running.remove(process);
            process.close();
        }
    }

    private void check(ProcessRequest request) {
        if (closed.get()) {
            throw closedException();
        }
        if (request.user() != null) {
            throw missing(
                    Capability.COMMAND_USER,
                    "user \"" + request.user() + "\" was asked for, but all commands of a Machine have one user",
                    "Leave user(...) out");
        }
        if (request.terminal() != null) {
            throw missing(
                    Capability.TERMINAL,
                    "terminal was asked for, but Fly's exec gives none",
                    "Leave terminal(...) out, or choose a backend that has it");
        }
        EnvironmentNames.checkCommand(
                request.environment().keySet(), guest.api().client());
    }

    private HandleClosedException closedException() {
        return new HandleClosedException(guest.api()
                .client()
                .failure("handle_closed", "the connection to the sandbox is closed")
                .remedy("Connect to it again"));
    }

    private CapabilityMissingException missing(Capability capability, String message, String remedy) {
        return new CapabilityMissingException(
                capability,
                guest.api().client().failure("capability_missing", message).remedy(remedy));
    }

    void ended(FlyProcess process) {
        running.remove(process);
    }

    /** Does something that nobody waits for. */
    void later(Runnable task) {
        try {
            workers.execute(() -> {
                try {
                    task.run();
                } catch (SandboxException e) {
                    LOG.debug("could not be done later in {}", guest.ref(), e);
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("the backend is closed; left to the guest's own deadline in {}", guest.ref());
        }
    }

    /**
     * Tells the guest that this host lives, if a command depends on that and nothing else has told it lately. Called often.
     */
    void beat() {
        boolean needed = running.stream().anyMatch(FlyProcess::isWatched);
        if (needed && guest.silence().compareTo(BEAT) > 0 && beating.compareAndSet(false, true)) {
            later(() -> {
                try {
                    guest.ask(true, "", List.of("beat"), Deadline.in(BEAT.multipliedBy(2)));
                } finally {
                    beating.set(false);
                }
            });
        }
    }

    @Override
    public BackendFiles files() {
        return files;
    }

    @Override
    public BackendBackground background() {
        return background;
    }

    @Override
    public OptionalLong workspaceBytes() {
        return measures.workspaceBytes();
    }

    /** The kernel of a Machine is its own, so that what it counts is of this sandbox. */
    @Override
    public synchronized boolean killedForMemory() {
        long before = memoryKills;
        try {
            memoryKills = Long.parseLong(guest.ask(false, "", List.of("kills")).word(1));
        } catch (NumberFormatException | BackendUnavailableException e) {
            LOG.debug("{} does not tell what it has killed", guest.ref(), e);
        }
        return memoryKills > before;
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        onClose.accept(this);
        Deadline deadline = Deadline.in(CLOSING);
        List<FlyProcess> left = List.copyOf(running);
        for (FlyProcess process : left) {
            try {
                if (!deadline.passed()) {
                    process.end(Duration.ZERO);
                }
            } catch (SandboxException e) {
                LOG.debug("a command in {} is left to the guest's own deadline", guest.ref(), e);
            } finally {
                process.close();
            }
        }
        running.clear();
    }

    @Override
    public String toString() {
        return backend + " " + guest.ref();
    }
}
