package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** What a command that was waited for has printed. */
final class DaytonaRun implements OutputSink {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private int exitCode = -1;

    private DaytonaRun() {}

    /** Waits for its end. */
    static DaytonaRun of(BackendProcess process) throws InterruptedException {
        DaytonaRun run = new DaytonaRun();
        try (process) {
            ExitStatus status = process.pump(run);
            run.exitCode = status.exitCode();
        }
        return run;
    }

    @Override
    public synchronized void stdout(byte[] buffer, int offset, int length) {
        out.write(buffer, offset, length);
    }

    @Override
    public synchronized void stderr(byte[] buffer, int offset, int length) {
        err.write(buffer, offset, length);
    }

    int exitCode() {
        return exitCode;
    }

    synchronized byte[] bytes() {
        return out.toByteArray();
    }

    /** What is no text is lost, as in the provider's JSON. */
    synchronized String text() {
        return out.toString(StandardCharsets.UTF_8);
    }

    synchronized String errors() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
