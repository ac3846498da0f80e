package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.FileAccessException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Standard input, large outputs, and sinks that are slow or fail. */
abstract class StreamContract extends ExecContract {
    /** For subclasses. */
    StreamContract() {}

    @Test
    void endsInputForTheCommandAndLeavesItsOutputOpen() {
        Running running = start(withStdin(script("cat; echo after the end; echo on stderr >&2; exit 5")));
        running.feed("first ".getBytes(StandardCharsets.UTF_8)).awaitText("first ");
        running.feed("second\n".getBytes(StandardCharsets.UTF_8)).closeStdin().awaitEnd();
        assertThat(running.text()).isEqualTo("first second\nafter the end\n");
        assertThat(running.errors()).isEqualTo("on stderr\n");
        assertThat(running.exitCode()).isEqualTo(5);
    }

    @Test
    void givesACommandWithoutInputTheEndOfFileAtOnce() {
        Running running = run(command("cat"));
        assertThat(running.text()).isEmpty();
        assertThat(running.exitCode()).isZero();
        assertThatThrownBy(() -> running.process().stdin().write(new byte[10])).isInstanceOf(IOException.class);
    }

    @Test
    void takesALargeInput() {
        Running running = start(withStdin(command("wc", "-c")));
        byte[] chunk = new byte[1 << 20];
        for (int i = 0; i < 4; i++) {
            running.feed(chunk);
        }
        assertThat(running.closeStdin().awaitEnd().text().strip()).isEqualTo("4194304");
    }

    @Test
    void refusesInputOnceTheCommandHasEnded() {
        Running running = start(withStdin(command("true"))).awaitEnd();
        assertThat(running.exitCode()).isZero();
        Attempt writing = Attempt.of(() -> {
            byte[] chunk = new byte[1 << 20];
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 64; i++) {
                            running.process().stdin().write(chunk);
                        }
                    })
                    .isInstanceOf(IOException.class);
        });
        writing.join(patience());
    }

    @Test
    void deliversALargeOutputCompletelyAndInOrderToASlowSink() {
        byte[] content = new byte[8 << 20];
        new Random(7).nextBytes(content);
        files().write("/workspace/large", new ByteArrayInputStream(content), -1);
        AtomicInteger calls = new AtomicInteger();
        Output slow = new Output() {
            @Override
            public void stdout(byte[] buffer, int offset, int length) throws IOException {
                if (calls.incrementAndGet() % 64 == 1) {
                    pause(Duration.ofMillis(20));
                }
                super.stdout(buffer, offset, length);
                Arrays.fill(buffer, offset, offset + length, (byte) 0);
            }
        };
        Running running = start(sandbox(), command("cat", "large"), slow).awaitEnd();
        assertThat(Arrays.equals(running.bytes(), content))
                .as("8 MiB arrived as they were")
                .isTrue();
        assertThat(running.exitCode()).isZero();
    }

    @Test
    void holdsTheCommandBackWhileTheSinkIsBusy() {
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch reached = new CountDownLatch(1);
        AtomicReference<String> fault = new AtomicReference<>("");
        Output blocked = new Output() {
            @Override
            public void stdout(byte[] buffer, int offset, int length) throws IOException {
                reached.countDown();
                try {
                    if (!release.await(patience().toNanos(), TimeUnit.NANOSECONDS)) {
                        fault.set("the sink was never released");
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IOException(e);
                }
                super.stdout(buffer, offset, length);
            }
        };
        Running running = start(sandbox(), script("head -c 33554432 /dev/zero; touch done"), blocked);
        try {
            await().atMost(patience()).pollInSameThread().until(() -> reached.getCount() == 0);
            pause(Duration.ofMillis(500));
            assertThatThrownBy(() -> files().stat("/workspace/done"))
                    .as("the command must wait for the sink")
                    .isInstanceOf(FileAccessException.class);
        } finally {
            release.countDown();
        }
        running.awaitEnd();
        assertThat(running.bytes()).hasSize(33_554_432);
        assertThat(fault.get()).isEmpty();
    }

    @Test
    void deliversBothStreamsInBulkWithoutADeadlock() {
        String both = "head -c 700000 /dev/zero; head -c 700000 /dev/zero >&2";
        Output output = new Output();
        start(sandbox(), script(both + "; " + both), output).awaitEnd();
        assertThat(output.bytes()).hasSize(1_400_000);
        assertThat(output.errorBytes()).hasSize(1_400_000);
    }

    @Test
    void echoesALargeInputWithoutADeadlock() {
        byte[] content = new byte[2 << 20];
        new Random(8).nextBytes(content);
        Running running =
                start(withStdin(command("cat"))).feed(content).closeStdin().awaitEnd();
        assertThat(Arrays.equals(running.bytes(), content)).isTrue();
    }

    @Test
    void goesOnWithoutAStreamWhoseSinkFails() {
        AtomicInteger calls = new AtomicInteger();
        Output failing = new Output() {
            @Override
            public void stdout(byte[] buffer, int offset, int length) throws IOException {
                calls.incrementAndGet();
                throw new IOException("nobody wants this");
            }
        };
        Running running = start(
                        sandbox(), script("echo a; sleep 0.3; head -c 3000000 /dev/zero; echo b >&2; exit 6"), failing)
                .awaitEnd();
        assertThat(calls).hasValue(1);
        assertThat(running.errors()).isEqualTo("b\n");
        assertThat(running.exitCode()).isEqualTo(6);
    }
}
