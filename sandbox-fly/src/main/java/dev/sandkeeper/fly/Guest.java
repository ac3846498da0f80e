package dev.sandkeeper.fly;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.Words;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Talks to the agent in one Machine, an exec at a time. Whatever it asks for may be asked for twice, so that a lost answer, a
 * refusal for the rate and an exec that took too long are met by asking again. Safe from many threads.
 */
final class Guest {
    /** What fits an exec beside the agent's arguments. */
    static final int PIECE = 9_600;

    private static final Logger LOG = LoggerFactory.getLogger(Guest.class);
    static final Duration PATIENCE = Duration.ofSeconds(30);
    /** The published rate is one a second. */
    private static final long RATE_MILLIS = 1000;

    private static final long PAUSE_MILLIS = 250;
    private static final Pattern READY = Pattern.compile("ready ([0-9]{1,15})");
    private static final int MOST_DROPS = 20;
    /** So many are removed at once, since that takes a process in the guest. */
    private static final int WAITING_DROPS = 4;

    private static final int NO_AGENT = 2;
    private static final int NO_STATE = 91;
    private static final int NOT_FOUND = 127;

    private final FlyApi api;
    private final AgentScript script;
    private final MachineRef ref;
    private final String host;
    private final AtomicLong number = new AtomicLong();
    private final Queue<String> drops = new ConcurrentLinkedQueue<>();
    private final Queue<String> laterDrops = new ConcurrentLinkedQueue<>();
    private volatile long lastCall = System.nanoTime();

    Guest(FlyApi api, AgentScript script, MachineRef ref, String host) {
        this.api = api;
        this.script = script;
        this.ref = ref;
        this.host = host;
    }

    MachineRef ref() {
        return ref;
    }

    FlyApi api() {
        return api;
    }

    /** {@return the name under which the guest knows that this connection lives} */
    String host() {
        return host;
    }

    /** {@return how long nothing has been asked} */
    Duration silence() {
        return Duration.ofNanos(System.nanoTime() - lastCall);
    }

    /**
     * The state of a command is of no use any more.
     *
     * @param keepClaim whether a request to start it may still be on its way
     * @param mayWait whether the guest need not know at once
     */
    void drop(String tag, boolean keepClaim, boolean mayWait) {
        (mayWait ? laterDrops : drops).add(keepClaim ? "+" + tag : tag);
        if (laterDrops.size() >= WAITING_DROPS) {
            for (String drop = laterDrops.poll(); drop != null; drop = laterDrops.poll()) {
                drops.add(drop);
            }
        }
    }

    /** What the agent says on both streams. */
    record Said(String out, String err) {
        List<String> words() {
            return Words.of(out.strip());
        }

        String word(int index) {
            List<String> words = words();
            return index < words.size() ? words.get(index) : "";
        }
    }

    /**
     * Puts the agent in place.
     *
     * @return how many processes the kernel has killed for want of memory
     */
    long setUp(String user, int userId, Deadline deadline) {
        List<String> command = new ArrayList<>(script.installing());
        command.addAll(List.of("setup", "-", "0", "-", user, Integer.toString(userId)));
        FlyApi.Ran ran = repeated(() -> api.exec(ref, command, script.packed()), deadline, () -> {});
        Matcher ready = READY.matcher(ran.stdout().strip());
        if (ran.exitCode() != 0 || !ready.matches()) {
            throw notReady(ran, user);
        }
        return Long.parseLong(ready.group(1));
    }

    private SandboxException notReady(FlyApi.Ran ran, String user) {
        String why = switch (ran.exitCode()) {
            case 93 -> "the user \"" + user + "\" or /workspace cannot be made in it, or that user is root";
            case 94 -> "it has neither setpriv nor su, by which root becomes \"" + user + "\"";
            case NO_STATE, 95 -> "it was not made by this backend, or has only just begun";
            default -> "its shell ended with " + ran.exitCode() + " and lacks sh, base64, gunzip or the like";
        };
        return new BackendUnavailableException(
                api.client()
                        .failure("machine_not_ready", "Machine " + ref + " cannot run commands: " + why)
                        .remedy(
                                "Use an image with a POSIX shell and the ordinary tools, such as one based on Alpine or Debian"));
    }

    /**
     * Asks the agent.
     *
     * @param beats whether this tells the guest that its host lives
     * @param stdin in base64, or empty
     * @param arguments operation and what it takes
     */
    Said ask(boolean beats, String stdin, List<String> arguments) {
        return ask(beats, stdin, arguments, Deadline.in(PATIENCE));
    }

    Said ask(boolean beats, String stdin, List<String> arguments, Deadline deadline) {
        return ask(beats, stdin, arguments, deadline, () -> {});
    }

    /** The same, and tells whether it may have been asked for twice. */
    Said ask(boolean beats, String stdin, List<String> arguments, Deadline deadline, Runnable onDoubt) {
        List<String> dropped = new ArrayList<>();
        for (String drop = drops.poll(); drop != null; drop = dropped.size() < MOST_DROPS ? drops.poll() : null) {
            dropped.add(drop);
        }
        boolean told = false;
        try {
            List<String> command = new ArrayList<>(script.command());
            command.add(arguments.get(0));
            command.add(beats ? host : "-");
            command.add(Long.toString(number.incrementAndGet()));
            command.add(dropped.isEmpty() ? "-" : String.join(",", dropped));
            command.addAll(arguments.subList(1, arguments.size()));
            FlyApi.Ran ran = repeated(() -> api.exec(ref, command, stdin), deadline, onDoubt);
            lastCall = System.nanoTime();
            told = true;
            if (ran.exitCode() != 0) {
                throw failed(arguments.get(0), ran);
            }
            return new Said(ran.stdout(), ran.stderr());
        } finally {
            if (!told) {
                drops.addAll(dropped);
            }
        }
    }

    private SandboxException failed(String operation, FlyApi.Ran ran) {
        int code = ran.exitCode();
        String why = code == NO_AGENT || code == NOT_FOUND || code == NO_STATE
                ? "what it needs for commands has gone from its /tmp"
                : "the agent ended " + operation + " with " + code
                        + "; its /tmp may be full, or its processes exhausted";
        return new BackendUnavailableException(api.client().failure("agent_failed", "Machine " + ref + ": " + why));
    }

    /** What is asked. */
    private interface Exec {
        FlyApi.Ran run();
    }

    private FlyApi.Ran repeated(Exec exec, Deadline deadline, Runnable onDoubt) {
        for (int attempt = 1; ; attempt++) {
            SandboxException fault;
            try {
                return exec.run();
            } catch (BackendUnavailableException e) {
                if (e.code().equals(FlyErrors.NOT_RUNNING)) {
                    checkState(e);
                }
                fault = e;
            } catch (OutcomeUnknownException e) {
                onDoubt.run();
                fault = new BackendUnavailableException(api.client()
                        .failure("exec_lost", "it is not known what became of an exec in Machine " + ref)
                        .cause(e));
            }
            long wait = fault.code().equals(FlyErrors.RATE_LIMITED) ? RATE_MILLIS : PAUSE_MILLIS;
            if (deadline.left() < TimeUnit.MILLISECONDS.toNanos(2 * wait) || !mayPass(fault)) {
                throw fault;
            }
            LOG.debug("asks Machine {} again after attempt {}: {}", ref, attempt, fault.code());
            pause(wait + ThreadLocalRandom.current().nextLong(wait));
        }
    }

    private static boolean mayPass(SandboxException e) {
        return !e.code().equals("backend_closed") && !e.code().equals("exec_rejected");
    }

    /** The first exec of a Machine may come before its init does; one that has ended takes none any more. */
    private void checkState(BackendUnavailableException refused) {
        @Nullable MachineView view = api.find(ref).orElse(null);
        if (view == null || view.hasEnded()) {
            SandboxGoneException gone = gone(view == null ? "not there any more" : view.state());
            gone.addSuppressed(refused);
            throw gone;
        }
    }

    SandboxGoneException gone(String state) {
        return new SandboxGoneException(
                null, null, api.client().failure("sandbox_gone", "Machine " + ref + " is " + state));
    }

    private void pause(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            throw api.client().interrupted("execute in Machine " + ref, e);
        }
    }

    static String base64(byte[] bytes, int offset, int length) {
        byte[] part = new byte[length];
        System.arraycopy(bytes, offset, part, 0, length);
        return new String(Base64.getEncoder().encode(part), StandardCharsets.US_ASCII);
    }
}
