package dev.sandkeeper.docker;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.internal.Deadline;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends one command, step by step: TERM; KILL to its processes; after 0.3 s KILL while all processes of its user are halted;
 * after 2 s KILL to everything of its user; after another 0.7 s the container itself.
 */
final class Ending {
    private static final Logger LOG = LoggerFactory.getLogger(Ending.class);
    private static final Duration PLAIN = Duration.ofMillis(300);
    private static final Duration PRECISE = Duration.ofMillis(1700);
    private static final Duration BROAD = Duration.ofMillis(700);

    private final Execs execs;
    private final Guard guard;
    private final Target target;
    private final BooleanSupplier firstLives;
    private final @Nullable BooleanSupplier told;
    private @Nullable BackendUnavailableException unavailable;

    /**
     * Plans an end.
     *
     * @param firstLives whether the target's first process still is the one that was registered
     * @param told where that outlives the command: whether it has told of its end; null otherwise
     */
    Ending(Execs execs, Guard guard, Target target, BooleanSupplier firstLives, @Nullable BooleanSupplier told) {
        this.execs = execs;
        this.guard = guard;
        this.target = target;
        this.firstLives = firstLives;
        this.told = told;
    }

    /**
     * Returns when no process of the command is left.
     *
     * @return whether the target's first process outlived the command and is not harmed
     * @throws SandboxGoneException if the whole sandbox had to be ended
     */
    boolean end(Duration grace) {
        try {
            if (!grace.isZero()) {
                guardless(() -> guard.signal(target, 15, firstLives.getAsBoolean()));
                if (none(() -> guard.signal(target, 0, firstLives.getAsBoolean()), grace) && isTold()) {
                    return true;
                }
            }
            // even if nothing is left of the program: the wrapper may wait for its last word to be heard
            if (none(() -> guard.kill(target, firstLives.getAsBoolean(), false), PLAIN)
                    || none(() -> guard.kill(target, firstLives.getAsBoolean(), true), PRECISE)) {
                return false;
            }
            LOG.warn("a command in {} does not end: killing everything of its user there", execs.ref());
            guardless(guard::killEverything);
            if (none(() -> guard.kill(target, firstLives.getAsBoolean(), true), BROAD)) {
                return false;
            }
            endContainer();
        } catch (SandboxGoneException e) {
            // with the sandbox the command is gone
            LOG.debug("{} is gone", execs.ref(), e);
        }
        return false;
    }

    /** Waits for the word of a shell whose command is gone; it comes unless nobody takes the output. */
    private boolean isTold() {
        if (told == null) {
            return false;
        }
        Deadline deadline = Deadline.in(PLAIN);
        while (!told.getAsBoolean() && !deadline.passed()) {
            pause(1);
        }
        return told.getAsBoolean();
    }

    /** Does something that may fail for want of a shell in the sandbox; what comes next does not need it. */
    private void guardless(Runnable action) {
        try {
            action.run();
        } catch (BackendUnavailableException e) {
            noted(e);
        }
    }

    private void endContainer() {
        LOG.warn("a command in {} cannot be ended: ending the container", execs.ref());
        execs.killContainer();
        SandboxGoneException gone =
                execs.engine().faults().gone(execs.ref(), "a command in it could not be ended otherwise");
        if (unavailable != null) {
            gone.addSuppressed(unavailable);
        }
        throw gone;
    }

    /** No answer proves nothing. */
    private int count(IntSupplier look) {
        try {
            return look.getAsInt();
        } catch (BackendUnavailableException e) {
            noted(e);
            return 1;
        }
    }

    /** A connection that is closed ends its commands by itself: that is no reason to end the container. */
    private void noted(BackendUnavailableException e) {
        if (guard.isClosed()) {
            throw e;
        }
        unavailable = e;
    }

    /** Waits until two looks in a row find nothing. */
    private boolean none(IntSupplier look, Duration bound) {
        Deadline deadline = Deadline.in(bound);
        int clean = 0;
        for (long wait = 1; ; wait = Math.min(2 * wait, 50)) {
            clean = count(look) == 0 ? clean + 1 : 0;
            if (clean == 2) {
                return true;
            }
            if (deadline.passed()) {
                return false;
            }
            pause(wait);
        }
    }

    private void pause(long milliseconds) {
        try {
            TimeUnit.MILLISECONDS.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw execs.engine().faults().interrupted("end a command", e);
        }
    }
}
