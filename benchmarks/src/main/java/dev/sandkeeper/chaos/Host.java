package dev.sandkeeper.chaos;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A JVM that runs {@link Victim}, up to its kill. Closing it kills it too. */
final class Host implements AutoCloseable {
    private static final Duration START = Duration.ofMinutes(1);
    /** The exit code of what signal 9 has ended. */
    private static final int KILLED = 128 + 9;

    private final Process process;

    Host(Process process) {
        this.process = process;
    }

    /** Lets it live. */
    void go(Order order) throws IOException {
        OutputStream input = process.getOutputStream();
        input.write((order.line() + "\n").getBytes(StandardCharsets.UTF_8));
        input.flush();
    }

    /**
     * Kills it: as soon as it is in its target phase, or at the latest after the given time.
     *
     * @param sinceReady whether the time counts from the moment when it has opened all it needs, else from now
     * @return whether it was alive until then
     */
    boolean kill(Order order, Marks marks, Duration latest, boolean sinceReady) throws InterruptedException {
        CountDownLatch ready = new CountDownLatch(1);
        Thread listener = new Thread(() -> listen(order, marks, ready), "listener");
        listener.setDaemon(true);
        listener.start();
        if (sinceReady && !ready.await(START.toSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
            return false;
        }
        process.waitFor(latest.toNanos(), TimeUnit.NANOSECONDS);
        process.destroyForcibly();
        return process.waitFor() == KILLED;
    }

    /** On a thread of its own that kills too: a phase may be over in less than a millisecond. */
    private void listen(Order order, Marks marks, CountDownLatch ready) {
        Phase target = order.target();
        try (InputStream output = process.getInputStream()) {
            for (int said = output.read(); said >= 0; said = output.read()) {
                ready.countDown();
                if (said == Victim.SIGNAL && target != null) {
                    LockSupport.parkNanos(marks.randomNanosWithin(target) / 2);
                    process.destroyForcibly();
                }
            }
        } catch (IOException e) {
            // it was killed meanwhile, and its output is closed
        } finally {
            ready.countDown();
        }
    }

    /** Waits for one that ends by itself. */
    boolean ends(long seconds) throws InterruptedException {
        return process.waitFor(seconds, TimeUnit.SECONDS) && process.exitValue() == 0;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
