package dev.sandkeeper.docker;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxInterruptedException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends one command, step by step: TERM, then KILL to its processes until none is found; after 2.5 s KILL to everything of
 * its user; after another second the container itself.
 */
final class Ending {
    private static final Logger LOG = LoggerFactory.getLogger(Ending.class);
    private static final Duration PRECISE = Duration.ofMillis(2500);
    private static final Duration BROAD = Duration.ofSeconds(1);

    private final Execs execs;
    private final Guard guard;
    private final Target target;
    private final BooleanSupplier mainRuns;

    Ending(Execs execs, Guard guard, Target target, BooleanSupplier mainRuns) {
        this.execs = execs;
        this.guard = guard;
        this.target = target;
        this.mainRuns = mainRuns;
    }

    /**
     * Returns when no process of the command is left.
     *
     * @throws SandboxGoneException if the whole sandbox had to be ended
     */
    void end(Duration grace) {
        try {
            if (!grace.isZero()) {
                guard.signal(target, 15, mainRuns.getAsBoolean());
                if (none(() -> guard.signal(target, 0, mainRuns.getAsBoolean()), grace)) {
                    return;
                }
            }
            if (none(() -> guard.kill(target, mainRuns.getAsBoolean()), PRECISE)) {
                return;
            }
            LOG.warn("a command in {} does not end: killing everything of its user there", execs.ref());
            guard.killEverything();
            if (none(() -> guard.kill(target, mainRuns.getAsBoolean()), BROAD)) {
                return;
            }
            endContainer(null);
        } catch (SandboxGoneException e) {
            // with the sandbox the command is gone
            LOG.debug("{} is gone", execs.ref(), e);
        } catch (SandboxInterruptedException e) {
            throw e;
        } catch (SandboxException e) {
            if (execs.isGone()) {
                return;
            }
            endContainer(e);
        }
    }

    private void endContainer(@Nullable SandboxException reason) {
        LOG.warn("a command in {} cannot be ended: ending the container", execs.ref());
        execs.killContainer();
        SandboxGoneException gone =
                execs.engine().faults().gone(execs.ref(), "a command in it could not be ended otherwise");
        if (reason != null) {
            gone.addSuppressed(reason);
        }
        throw gone;
    }

    /** Waits until two looks in a row find nothing. */
    private boolean none(IntSupplier look, Duration bound) {
        Deadline deadline = Deadline.in(bound);
        int clean = 0;
        for (long wait = 1; ; wait = Math.min(2 * wait, 50)) {
            clean = look.getAsInt() == 0 ? clean + 1 : 0;
            if (clean == 2) {
                return true;
            }
            if (deadline.passed()) {
                return false;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(wait);
            } catch (InterruptedException e) {
                throw execs.engine().faults().interrupted("end a command", e);
            }
        }
    }
}
