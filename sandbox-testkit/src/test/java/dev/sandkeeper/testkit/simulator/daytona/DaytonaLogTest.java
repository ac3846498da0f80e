package dev.sandkeeper.testkit.simulator.daytona;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class DaytonaLogTest {
    private static final String OUT = "\u0001\u0001\u0001";
    private static final String ERR = "\u0002\u0002\u0002";

    private final DaytonaLog log = new DaytonaLog();

    private void out(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        log.stdout(bytes, 0, bytes.length);
    }

    private void err(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        log.stderr(bytes, 0, bytes.length);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Test
    void marksEachLineWithItsStreamAndEndsTheLastOne() {
        out("ou");
        err("err\n");
        out("t\nlast");
        assertThat(text(log.bytes())).isEqualTo(ERR + "err\n" + OUT + "out\n");
        log.end();
        assertThat(text(log.bytes())).isEqualTo(ERR + "err\n" + OUT + "out\n" + OUT + "last\n");
    }

    @Test
    void tellsTheStreamsApartAndTogether() {
        out("1\n");
        err("2\n");
        out("\n3");
        log.end();
        assertThat(text(DaytonaLog.stdoutOf(log.bytes()))).isEqualTo("1\n\n3\n");
        assertThat(text(DaytonaLog.stderrOf(log.bytes()))).isEqualTo("2\n");
        assertThat(text(DaytonaLog.stripped(log.bytes()))).isEqualTo("1\n2\n\n3\n");
    }

    @Test
    void losesZeroBytesAndNothingElse() {
        out("a\u0000b\u0001\n");
        assertThat(text(log.bytes())).isEqualTo(OUT + "ab\u0001\n");
    }

    @Test
    void waitsForMoreOrForTheEnd() throws InterruptedException {
        assertThat(log.await(0, Duration.ZERO)).isFalse();
        out("half");
        assertThat(log.await(0, Duration.ZERO)).isFalse();
        out("\n");
        assertThat(log.await(0, Duration.ZERO)).isTrue();
        assertThat(log.await(8, Duration.ZERO)).isFalse();
        log.end();
        assertThat(log.await(8, Duration.ZERO)).isTrue();
        assertThat(log.awaitEnd(Duration.ZERO)).isTrue();
    }

    @Test
    void takesNothingBehindItsEnd() {
        log.end();
        out("late\n");
        assertThat(log.bytes()).isEmpty();
    }
}
