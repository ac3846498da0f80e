package dev.sandkeeper.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.BackgroundLog;
import dev.sandkeeper.BackgroundStatus;
import dev.sandkeeper.CapturedOutput;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whatever a sandbox answers about its background commands, it is read right or seen to be malformed. Runs for 2 seconds
 * each, or for {@code -Dsandkeeper.fuzz.seconds}; a failure names its seed.
 */
@Tag("fuzz")
class BackgroundAnswersFuzzTest {
    private static final long SECONDS = Long.getLong("sandkeeper.fuzz.seconds", 2);
    private static final String LETTERS = "abzAZ019._-";
    private static final String TOKEN = "0123456789abcdef0123456789abcdef";

    private static BooleanSupplier time() {
        long start = System.nanoTime();
        return () -> System.nanoTime() - start < TimeUnit.SECONDS.toNanos(SECONDS);
    }

    private static String name(Random random) {
        StringBuilder name = new StringBuilder();
        for (int i = random.nextInt(64); i >= 0; i--) {
            name.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
        }
        return name.toString();
    }

    private static byte[] bytes(Random random, int most) {
        byte[] bytes = new byte[random.nextInt(4) == 0 ? random.nextInt(most) : random.nextInt(200)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static void status(long seed) {
        Random random = new Random(seed);
        String name = name(random);
        long start = random.nextInt(2_000_000_000);
        String state = random.nextBoolean() ? "running" : "lost";
        boolean lives = random.nextBoolean();
        BackgroundStatus open = BackgroundAnswers.status(
                        name + " " + TOKEN + " " + start + " " + state + " ", (asked, told) -> {
                            assertThat(asked).isEqualTo(name);
                            assertThat(told).isEqualTo(state.equals("running"));
                            return lives;
                        })
                .orElseThrow();
        assertThat(open.state())
                .as("seed %d", seed)
                .isEqualTo(lives ? BackgroundStatus.State.RUNNING : BackgroundStatus.State.LOST);
        assertThat(open.exit()).isNull();

        int code = random.nextInt(256);
        int late = random.nextInt(2);
        long end = random.nextInt(2_000_000_000);
        BackgroundStatus ended = BackgroundAnswers.status(
                        name + " " + TOKEN + " " + start + " ended " + code + " " + late + " " + end, (asked, told) -> {
                            throw new AssertionError("it has ended");
                        })
                .orElseThrow();
        assertThat(ended.name()).as("seed %d", seed).isEqualTo(name);
        assertThat(ended.startedAt()).as("seed %d", seed).isEqualTo(Instant.ofEpochSecond(start));
        assertThat(ended.endedAt()).as("seed %d", seed).isEqualTo(Instant.ofEpochSecond(end));
        assertThat(Objects.requireNonNull(ended.exit()).exitCode()).isEqualTo(code);
        assertThat(ended.exit().timedOut()).isEqualTo(late == 1);
    }

    private static void malformedStatus(long seed) {
        Random random = new Random(seed);
        String line = name(random) + " " + TOKEN + " " + random.nextInt(2_000_000_000) + " ended " + random.nextInt(999)
                + " " + random.nextInt(3) + " " + random.nextInt();
        byte[] bytes = line.getBytes(StandardCharsets.ISO_8859_1);
        for (int i = random.nextInt(4); i > 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        if (random.nextInt(4) == 0) {
            bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
        }
        Optional<BackgroundStatus> read = BackgroundAnswers.status(
                new String(bytes, StandardCharsets.ISO_8859_1), (asked, told) -> random.nextBoolean());
        if (read.isPresent()) {
            assertThat(read.get().name()).as("seed %d", seed).matches("[A-Za-z0-9._-]{1,64}");
            assertThat(read.get().exit() == null)
                    .as("whether it has not ended, seed %d", seed)
                    .isEqualTo(read.get().state() != BackgroundStatus.State.EXITED);
        }
    }

    private static byte[] part(ByteArrayOutputStream answer, Random random, long dropped) {
        byte[] head = bytes(random, 700_000);
        byte[] tail = bytes(random, 600_000);
        byte[] last = bytes(random, 600_000);
        answer.writeBytes((dropped + " " + head.length + " " + tail.length + " " + last.length + "\n")
                .getBytes(StandardCharsets.US_ASCII));
        ByteArrayOutputStream kept = new ByteArrayOutputStream();
        kept.writeBytes(head);
        kept.writeBytes(tail);
        kept.writeBytes(last);
        answer.writeBytes(kept.toByteArray());
        return kept.toByteArray();
    }

    private static void assertShows(CapturedOutput shown, byte[] kept, long dropped, long seed) {
        assertThat(shown.totalBytes()).as("seed %d", seed).isEqualTo(kept.length + dropped);
        assertThat(shown.bytes().length).as("seed %d", seed).isLessThanOrEqualTo(BackgroundAnswers.SHOWN);
        if (dropped == 0 && kept.length <= BackgroundAnswers.SHOWN) {
            assertThat(shown.truncated()).as("seed %d", seed).isFalse();
            assertThat(Arrays.equals(shown.bytes(), kept)).as("seed %d", seed).isTrue();
        } else {
            assertThat(shown.truncated()).as("seed %d", seed).isTrue();
        }
    }

    private static void log(long seed) {
        Random random = new Random(seed);
        long droppedOut = random.nextBoolean() ? 0 : 1 + random.nextInt(Integer.MAX_VALUE);
        long droppedErr = random.nextBoolean() ? 0 : 1 + random.nextInt(Integer.MAX_VALUE);
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        byte[] out = part(answer, random, droppedOut);
        byte[] err = part(answer, random, droppedErr);
        BackgroundLog log = BackgroundAnswers.log(answer.toByteArray()).orElseThrow();
        assertShows(log.stdout(), out, droppedOut, seed);
        assertShows(log.stderr(), err, droppedErr, seed);
    }

    private static void malformedLog(long seed) {
        Random random = new Random(seed);
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        part(answer, random, random.nextInt(2));
        part(answer, random, random.nextLong());
        byte[] bytes = answer.toByteArray();
        if (random.nextBoolean()) {
            bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
        } else {
            // most of it is content, where a change tells nothing
            for (int i = 1 + random.nextInt(20); i > 0; i--) {
                bytes[random.nextInt(Math.min(bytes.length, 40))] ^= (byte) (1 << random.nextInt(8));
            }
        }
        Optional<BackgroundLog> log = BackgroundAnswers.log(bytes);
        if (log.isPresent()) {
            assertThat(log.get().stdout().bytes().length + log.get().stderr().bytes().length)
                    .as("no more than was sent, seed %d", seed)
                    .isLessThanOrEqualTo(bytes.length + 2 * 64);
            assertThat(log.get().stdout().totalBytes()).as("seed %d", seed).isNotNegative();
        }
    }

    @Test
    void readsEveryAnswer() {
        BooleanSupplier time = time();
        for (long seed = System.nanoTime(); time.getAsBoolean(); seed++) {
            status(seed);
            log(seed);
        }
    }

    @Test
    void readsNothingIntoWhatIsMalformedOrCut() {
        BooleanSupplier time = time();
        for (long seed = System.nanoTime(); time.getAsBoolean(); seed++) {
            malformedStatus(seed);
            malformedLog(seed);
        }
    }
}
