package dev.sandkeeper.chaos;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * The host that is killed: an application with several threads that create, use, renew and destroy sandboxes or leave them to
 * their time to live, and an engine that cleans. Starts as a JVM that has opened nothing; a line of standard input says go. Ends
 * at once when standard input does.
 */
public final class Victim {
    /** What a host says when the phase in which it is to be killed has begun. */
    static final int SIGNAL = '!';

    /** What it says when it has opened all that it needs. */
    static final int READY = '.';

    private static final int ACTORS = 4;

    private final Place place;
    private final Marks marks;
    private final Log log;

    private Victim(Place place, Marks marks, Log log) {
        this.place = place;
        this.marks = marks;
        this.log = log;
    }

    /**
     * Runs until it is killed, or for a few seconds if it is only to be seen what a host loads.
     *
     * @param arguments the place: backend, store, deployment
     * @throws IOException if standard input fails
     * @throws InterruptedException never
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String line = input.readLine();
        if (line == null) {
            return;
        }
        Order order = Order.parse(line);
        Marks marks = new Marks(order.marks());
        if (order.target() != null) {
            marks.aim(order.target(), order.time(), () -> say(SIGNAL));
        }
        Victim victim = new Victim(new Place(arguments[0], arguments[1], arguments[2]), marks, new Log(order.log()));
        victim.live(new Random(order.seed()), order.rehearsal());
        if (!order.rehearsal()) {
            while (input.readLine() != null) {
                // nobody says anything any more: this waits for the judge's end
            }
        }
        Runtime.getRuntime().exit(0);
    }

    private static void say(int word) {
        System.out.write(word);
        System.out.flush();
    }

    private void live(Random random, boolean rehearsal) throws InterruptedException {
        Observed observed = new Observed(marks, log);
        SandboxBackend backend = place.openBackend();
        SandboxStore store = observed.store(place.openStore());
        SandboxManager manager = SandboxManager.builder()
                .backend(observed.backend(backend))
                .store(store)
                .cleanup(Place.settings())
                .build();
        say(READY);
        List<Thread> threads = new ArrayList<>();
        threads.add(start("sweeper", new Random(random.nextLong()), dice -> sweep(manager, dice)));
        for (int i = 0; i < ACTORS; i++) {
            Actor actor = new Actor(place, manager, store.rows(), backend, marks, log, new Random(random.nextLong()));
            threads.add(start("actor-" + i, new Random(), dice -> actor.act()));
        }
        if (rehearsal) {
            TimeUnit.SECONDS.sleep(3);
            threads.forEach(Thread::interrupt);
            for (Thread thread : threads) {
                thread.join();
            }
            manager.close();
        }
    }

    /** One thing that a thread does again and again. */
    private interface Step {
        void take(Random dice) throws Exception;
    }

    private Thread start(String name, Random dice, Step step) {
        Thread thread = new Thread(
                () -> {
                    while (!Thread.currentThread().isInterrupted()) {
                        try {
                            step.take(dice);
                        } catch (InterruptedException e) {
                            return;
                        } catch (SandboxException e) {
                            // No call has to succeed on a machine as busy as this one; what it leaves is judged.
                            if (e.code().equals("interrupted")) {
                                return;
                            }
                            e.printStackTrace();
                        } catch (Exception e) {
                            log.add(Deed.Kind.ERROR, name + ": " + e);
                            e.printStackTrace();
                        }
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void sweep(SandboxManager manager, Random dice) throws Exception {
        TimeUnit.MILLISECONDS.sleep(20L * place.pace() + dice.nextInt(100 * place.pace()));
        marks.in(Phase.SWEEP, manager.cleanup()::sweep);
    }

    static Duration scaled(Place place, int milliseconds) {
        return Duration.ofMillis((long) milliseconds * place.pace());
    }
}
