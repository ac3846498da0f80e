package dev.sandkeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.internal.Workers;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CommandRunTest {
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, Workers.daemons("timer"));
    private final ExecutorService workers = Workers.create("worker");
    private final Endless process = new Endless();

    @AfterEach
    void stop() {
        timer.shutdownNow();
        workers.shutdownNow();
    }

    /** Runs until its connection is given up, and notes how the flag was whenever it was ended. */
    private static final class Endless implements BackendProcess {
        private final CountDownLatch closed = new CountDownLatch(1);
        private final List<Boolean> interruptedAtEnd = new CopyOnWriteArrayList<>();

        @Override
        public OutputStream stdin() {
            return OutputStream.nullOutputStream();
        }

        @Override
        public ExitStatus pump(OutputSink sink) throws InterruptedException {
            closed.await();
            return new ExitStatus(128 + Signal.KILL.number(), false);
        }

        @Override
        public void signal(Signal signal) {}

        @Override
        public void end(Duration grace) {
            interruptedAtEnd.add(Thread.currentThread().isInterrupted());
        }

        @Override
        public void close() {
            closed.countDown();
        }
    }

    private CommandRun run() {
        return new CommandRun(process, Command.of("endless"), timer, workers, new CommandRun.Caller() {
            @Override
            public boolean killedForMemory() {
                return false;
            }

            @Override
            public void requireOpen() {}

            @Override
            public SandboxException explained(SandboxException fault) {
                return fault;
            }
        });
    }

    @Test
    void endsACommandInPeaceForACallerThatWasInterrupted() {
        Thread.currentThread().interrupt();
        run().abandon(Duration.ZERO);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(process.interruptedAtEnd).containsExactly(false);
    }

    @Test
    void closingAProcessAfterAnInterruptEndsItInPeace() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> {
                    try (SandboxProcess running = new SandboxProcess(process, run(), false, status -> {})) {
                        running.waitFor();
                    }
                })
                .isInstanceOf(SandboxInterruptedException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(process.interruptedAtEnd).containsOnly(false).hasSizeGreaterThan(1);
    }
}
