package dev.sandkeeper.docker;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.Tags;
import java.io.Closeable;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches over the commands of one user in one sandbox, from this JVM: a shell inside that was started before any of them,
 * so that it works when no process can be started any more, and that ends them all once its input ends - as it does when
 * this JVM is gone, whatever ended it. A command can kill the shell, which runs as the same user; then a new one takes its
 * place within about a second.
 */
final class Guard implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(Guard.class);
    private static final Duration ANSWER = Duration.ofSeconds(3);

    private final Execs execs;
    private final @Nullable String user;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Target> targets = new LinkedHashMap<>();
    /** By tag, what a shell has not confirmed yet: one that is killed takes the lines along that it has not read. */
    private final Map<String, String> partings = new LinkedHashMap<>();

    private @Nullable GuardLink link;
    private GuardLink.@Nullable Hello hello;
    private volatile boolean closed;

    /** One use of the shell. */
    private interface Use<T> {
        T with(GuardLink link) throws IOException, InterruptedException;
    }

    Guard(Execs execs, @Nullable String user) {
        this.execs = execs;
        this.user = user;
    }

    /**
     * Starts the shell if it does not run.
     *
     * @throws SandboxException if it cannot be started
     */
    GuardLink.Hello hello() {
        return use("start a shell in the sandbox", found -> {
            GuardLink.Hello known = hello;
            if (known == null) {
                throw new IOException("the shell in the sandbox said nothing");
            }
            return known;
        });
    }

    /** From now on it ends the command when this JVM is gone. */
    void register(Target target) {
        use("watch a command", found -> {
            targets.put(target.tag(), target);
            found.tell(line("register", target));
            return true;
        });
    }

    /** The command's main process has ended and all of its output is here: its wrapper may go. */
    void forget(Target target) {
        lock.lock();
        try {
            if (targets.remove(target.tag()) != null) {
                part("forget", target);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Nobody will take the command's output: its wrapper need not wait for that. */
    void leave(Target target) {
        lock.lock();
        try {
            if (targets.containsKey(target.tag())) {
                part("leave", target);
            }
        } finally {
            lock.unlock();
        }
    }

    private void part(String operation, Target target) {
        String line = line(operation, target);
        partings.put(target.tag(), line);
        if (link != null) {
            try {
                link.tell(line);
            } catch (IOException e) {
                // the next shell is told
                LOG.debug("the shell in {} is lost", execs.ref(), e);
                drop();
            }
        }
    }

    /**
     * Signals every process of a command.
     *
     * @param number 0 to count only
     * @return how many there were
     */
    int signal(Target target, int number, boolean mainRuns) {
        String arguments = number + " " + target.tag() + " " + target.session() + " " + (mainRuns ? target.pid() : 0);
        return use("signal a command", found -> found.ask("signal", arguments, Deadline.in(ANSWER)));
    }

    /**
     * Kills every process of a command.
     *
     * @param freeze halts all processes of the user meanwhile, so that none escapes by moving
     * @return how many there were; 0 says that none is left
     */
    int kill(Target target, boolean mainRuns, boolean freeze) {
        String arguments =
                target.tag() + " " + target.session() + " " + (mainRuns ? target.pid() : 0) + (freeze ? " 1" : " 0");
        return use("end a command", found -> found.ask("end", arguments, Deadline.in(ANSWER)));
    }

    /** Kills every process of the user but the shell itself, at one stroke. */
    void killEverything() {
        use("end all commands of user " + user, found -> found.ask("everything", "", Deadline.in(ANSWER)));
    }

    /** Sends TERM to every process of the user but the shell itself, and has those go on that are halted. */
    void terminateEverything() {
        use("end all commands of user " + user, found -> found.ask("terminate", "", Deadline.in(ANSWER)));
    }

    /** How many programs of the user run; shells of ours do not count. */
    int countEverything() {
        return use("count the commands of user " + user, found -> found.ask("count", "", Deadline.in(ANSWER)));
    }

    /**
     * Another user whose programs run, in the order of their numbers.
     *
     * @param after the one before; -1 for the first
     * @return the next one, or -1; neither this shell's user nor the one that keeps the container
     */
    int nextUser(int after) {
        return use("look for users", found -> found.ask("user", Integer.toString(after), Deadline.in(ANSWER)));
    }

    boolean ownsWorkspace() {
        return use("look at the workspace", found -> found.ask("workspace", "", Deadline.in(ANSWER))) == 1;
    }

    /** {@return whether it was closed: the shell then ends all that it knew of} */
    boolean isClosed() {
        return closed;
    }

    /** Replaces the shell if it has been killed. Does nothing while somebody uses it; never throws. */
    void check() {
        if (!lock.tryLock()) {
            return;
        }
        try {
            boolean needed = !closed && !(targets.isEmpty() && partings.isEmpty());
            if (needed && (link == null || !link.alive())) {
                LOG.debug("the shell in {} has ended, starting another", execs.ref());
                linked();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SandboxException | IOException e) {
            LOG.debug("no shell in {} for now", execs.ref(), e);
        } finally {
            lock.unlock();
        }
    }

    private <T> T use(String what, Use<T> use) {
        try {
            lock.lockInterruptibly();
        } catch (InterruptedException e) {
            throw execs.engine().faults().interrupted(what, e);
        }
        try {
            try {
                return use.with(linked());
            } catch (SocketTimeoutException e) {
                throw e;
            } catch (IOException e) {
                // it may have been killed just now
                LOG.debug("the shell in {} is lost", execs.ref(), e);
                drop();
                return use.with(linked());
            }
        } catch (SocketTimeoutException e) {
            // what is paused does not answer, and losing the connection would end its commands when it goes on
            if (execs.isPaused()) {
                throw execs.paused();
            }
            drop();
            throw execs.engine().faults().unavailable("shell_silent", "could not " + what + ": no answer", e);
        } catch (IOException e) {
            drop();
            throw execs.isGone()
                    ? execs.engine().faults().gone(execs.ref(), "it ended")
                    : execs.engine().faults().unavailable("shell_lost", "could not " + what, e);
        } catch (InterruptedException e) {
            throw execs.engine().faults().interrupted(what, e);
        } finally {
            lock.unlock();
        }
    }

    private GuardLink linked() throws IOException, InterruptedException {
        if (closed) {
            throw execs.engine().faults().closed(null);
        }
        GuardLink current = link;
        if (current != null && current.alive()) {
            return current;
        }
        drop();
        String tag = Tags.next();
        GuardLink fresh = execs.start(
                user, List.of(), List.of("sh", "-c", ShellText.GUARD.text()), started -> heard(started.stream(), tag));
        try {
            for (Target target : targets.values()) {
                fresh.tell(line("register", target));
            }
            for (String parting : partings.values()) {
                fresh.tell(parting);
            }
            link = fresh;
            return fresh;
        } finally {
            if (link != fresh) {
                fresh.close();
            }
        }
    }

    private GuardLink heard(HijackedStream stream, String tag) throws IOException, InterruptedException {
        GuardLink fresh = new GuardLink(stream, tag, partings::remove);
        try {
            hello = fresh.hello(Deadline.in(execs.engine().callTimeout()));
            return fresh;
        } catch (IOException e) {
            String complaint = fresh.complaint();
            if (!complaint.isEmpty()) {
                throw execs.refused(0, complaint);
            }
            throw e;
        }
    }

    private static String line(String operation, Target target) {
        return operation + " " + target.tag() + " " + target.session() + " " + target.pid();
    }

    private void drop() {
        if (link != null) {
            link.close();
            link = null;
        }
    }

    /** Ends every command that is registered. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            drop();
        } finally {
            lock.unlock();
        }
    }
}
