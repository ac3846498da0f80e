package dev.sandkeeper.chaos;

import dev.sandkeeper.Command;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Failure;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One thread of a host: makes a sandbox, uses it, and ends it, leaves it to its time, or renews it just before that. */
final class Actor {
    /** Long enough to be there at each look of the judge. */
    private static final Duration KEPT = Duration.ofMinutes(10);

    private final Place place;
    private final SandboxManager manager;
    private final SandboxRows rows;
    private final SandboxBackend backend;
    private final Marks marks;
    private final Log log;
    private final Random random;
    private boolean kept;
    private boolean orphaned;

    Actor(
            Place place,
            SandboxManager manager,
            SandboxRows rows,
            SandboxBackend backend,
            Marks marks,
            Log log,
            Random random) {
        this.place = place;
        this.manager = manager;
        this.rows = rows;
        this.backend = backend;
        this.marks = marks;
        this.log = log;
        this.random = random;
        // a life has a few of them, not one an actor
        kept = random.nextInt(4) > 0;
        orphaned = random.nextInt(6) > 0;
    }

    void act() throws Exception {
        TimeUnit.MILLISECONDS.sleep(random.nextInt(10));
        int dice = random.nextInt(100);
        try {
            if (dice < 35) {
                destroyed();
            } else if (dice < 65) {
                left();
            } else if (dice < 95 || kept) {
                renewed();
            } else {
                kept = true;
                use(create(KEPT)).detach().close();
            }
        } catch (SandboxGoneException | SandboxConflictException e) {
            // Its time was over while it was used, or a cleaner was first: just what times as short as these are for.
            TimeUnit.MILLISECONDS.sleep(1);
        }
        if (!orphaned) {
            orphaned = true;
            orphan();
        }
    }

    private void destroyed() throws Exception {
        Sandbox sandbox = use(create(Duration.ofMinutes(1)));
        log.add(Deed.Kind.DESTROYING, sandbox.id());
        sandbox.destroy();
    }

    private void left() throws Exception {
        use(create(brief())).detach().close();
    }

    /** Always to a later end, so that a renewal whose acknowledgement a kill has cut off can only have moved it on. */
    private void renewed() throws Exception {
        Duration first = brief();
        try (Sandbox sandbox = use(create(first)).detach()) {
            TimeUnit.NANOSECONDS.sleep((long) (first.toNanos() * random.nextDouble() * 1.1));
            Duration longer = Victim.scaled(place, 1000 + random.nextInt(2000));
            for (int times = 1 + random.nextInt(3); times > 0; times--) {
                Instant end = marks.in(Phase.RENEW, () -> manager.renew(sandbox.id(), longer));
                log.add(Deed.Kind.RENEWED, sandbox.id(), end.toEpochMilli());
                TimeUnit.MILLISECONDS.sleep(random.nextInt(20));
            }
        }
    }

    private Duration brief() {
        return Victim.scaled(place, 150 + random.nextInt(600));
    }

    private Sandbox create(Duration timeToLive) throws Exception {
        Sandbox sandbox = marks.in(
                Phase.CREATE,
                () -> manager.create(place.spec().timeToLive(timeToLive).build()));
        Instant end = sandbox.info().expiresAt().orElseThrow();
        log.add(Deed.Kind.CREATED, sandbox.id(), end.toEpochMilli());
        return sandbox;
    }

    private Sandbox use(Sandbox sandbox) throws Exception {
        try {
            for (int times = random.nextInt(3); times > 0; times--) {
                ExecResult result = marks.in(Phase.EXEC, () -> sandbox.exec("echo", "done"));
                if (!result.stdout().equals("done\n")) {
                    throw new IllegalStateException("echo said " + result);
                }
            }
            int dice = random.nextInt(10);
            if (dice < 2) {
                Duration deadline = Victim.scaled(place, 20 + random.nextInt(300));
                Command command = sleep(sandbox.id(), deadline);
                marks.in(Phase.EXEC, () -> sandbox.exec(command));
            } else if (dice == 2) {
                Command command = sleep(sandbox.id(), null);
                marks.in(Phase.EXEC, () -> sandbox.start(command));
            }
            return sandbox;
        } catch (SandboxException e) {
            sandbox.detach().close();
            boolean ended = manager.find(sandbox.id()).orElseThrow().state() != SandboxState.ACTIVE;
            // what a provider says of a sandbox that goes at this very moment is up to it
            throw ended
                    ? new SandboxGoneException(
                            null,
                            null,
                            Failure.of("ended_in_use", "it has ended").cause(e))
                    : e;
        }
    }

    /** Sleeps for about a day, and can be told from all others: what ends it is its deadline, or the end of its host. */
    private Command sleep(SandboxId id, @Nullable Duration deadline) {
        String number = Integer.toString(100_000 + random.nextInt(900_000));
        if (deadline == null) {
            log.add(Deed.Kind.EXEC, id, number, 0);
            return Command.of("sleep", number);
        }
        log.add(Deed.Kind.EXEC, id, number, System.nanoTime() + deadline.toNanos());
        return Command.builder("sleep", number)
                .deadline(deadline)
                .grace(Duration.ofMillis(100))
                .build();
    }

    /** What a host leaves whose row was lost: nobody but a sweep will find it. */
    private void orphan() throws InterruptedException {
        Instant now = rows.now();
        SandboxId id = SandboxId.generate(now.toEpochMilli());
        log.add(Deed.Kind.ORPHAN, id);
        try {
            backend.create(new ProvisionRequest(
                            place.deployment(), id, now, null, place.spec().build(), Map.of(), message -> {}))
                    .close();
        } catch (SandboxException e) {
            // a sweep was sooner than the end of a slow create: without a row it is right to be
            TimeUnit.MILLISECONDS.sleep(1);
        }
    }
}
