package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.spi.BackendProcess;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A command whose output is pumped on a thread of its own. */
final class Running {
    private final BackendProcess process;
    private final Output output;
    private final Duration patience;
    private final Attempt pump;
    private final AtomicReference<@Nullable ExitStatus> status = new AtomicReference<>();

    Running(BackendProcess process, Output output, Duration patience) {
        this.process = process;
        this.output = output;
        this.patience = patience;
        this.pump = Attempt.of(this::pump);
    }

    private void pump() {
        try {
            status.set(process.pump(output));
        } catch (InterruptedException e) {
            throw new PumpInterrupted(e);
        }
    }

    /** That pump answered an interrupt as it must. */
    static final class PumpInterrupted extends RuntimeException {
        private static final long serialVersionUID = 1L;

        PumpInterrupted(InterruptedException cause) {
            super(cause);
        }
    }

    BackendProcess process() {
        return process;
    }

    Attempt pumping() {
        return pump;
    }

    Running awaitEnd() {
        pump.join(patience);
        return this;
    }

    /** Waits until pump is back, with a status or without one. */
    void awaitEndOrLoss() {
        try {
            awaitEnd();
        } catch (SandboxException e) {
            assertThat(status.get()).isNull();
        }
    }

    /** Waits until something stands on standard output. */
    Running awaitText(String text) {
        await().atMost(patience)
                .pollInterval(Duration.ofMillis(5))
                .pollInSameThread()
                .until(() -> pump.isDone() || output.text().contains(text));
        if (!output.text().contains(text)) {
            awaitEnd();
            throw new AssertionError("ended with " + status.get() + " before it printed \"" + text + "\": " + this);
        }
        return this;
    }

    Running feed(byte[] bytes) {
        try {
            process.stdin().write(bytes);
            process.stdin().flush();
            return this;
        } catch (IOException e) {
            throw new AssertionError("standard input takes nothing", e);
        }
    }

    Running closeStdin() {
        try {
            process.stdin().close();
            return this;
        } catch (IOException e) {
            throw new AssertionError("standard input cannot be closed", e);
        }
    }

    ExitStatus status() {
        ExitStatus ended = status.get();
        if (ended == null) {
            throw new AssertionError("the command has not ended");
        }
        return ended;
    }

    int exitCode() {
        return status().exitCode();
    }

    String text() {
        return output.text();
    }

    String errors() {
        return output.errors();
    }

    byte[] bytes() {
        return output.bytes();
    }

    /** For the messages of assertions. */
    @Override
    public String toString() {
        return status.get() + " stdout=\"" + output.text() + "\" stderr=\"" + output.errors() + "\"";
    }
}
