package dev.sandkeeper.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.ExecOutput;
import dev.sandkeeper.spi.OutputSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whatever comes from a sandbox, what runs it reads it right or says that it is malformed. Runs for 2 seconds each, or for
 * {@code -Dsandkeeper.fuzz.seconds}; a failure names its seed.
 */
@Tag("fuzz")
class FramingFuzzTest {
    private static final Duration TIME = Duration.ofSeconds(Long.getLong("sandkeeper.fuzz.seconds", 2));
    private static final String TAG = "0123456789abcdef0123456789abcdef";

    /** Gives the bytes in pieces, and then the end. */
    private static final class Pieces extends EngineConnection {
        private final Random random;
        private final ByteBuffer bytes;

        Pieces(Random random, byte[] bytes) {
            this.random = random;
            this.bytes = ByteBuffer.wrap(bytes);
        }

        @Override
        int read(ByteBuffer target, Deadline deadline) {
            if (!bytes.hasRemaining()) {
                return -1;
            }
            int most = random.nextInt(8) == 0 ? 1 : 1 + random.nextInt(3000);
            int count = Math.min(Math.min(most, bytes.remaining()), target.remaining());
            ByteBuffer part = bytes.slice(bytes.position(), count);
            target.put(part);
            bytes.position(bytes.position() + count);
            return count;
        }

        @Override
        void write(ByteBuffer source, Deadline deadline) {
            throw new AssertionError("nothing is written");
        }

        @Override
        void shutdownOutput() {
            throw new AssertionError("nothing is written");
        }

        @Override
        public void close() {
            bytes.position(bytes.limit());
        }
    }

    private static final class Collector implements OutputSink {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final ByteArrayOutputStream err = new ByteArrayOutputStream();

        @Override
        public void stdout(byte[] buffer, int offset, int length) {
            out.write(buffer, offset, length);
        }

        @Override
        public void stderr(byte[] buffer, int offset, int length) {
            err.write(buffer, offset, length);
        }
    }

    /** Text that looks like marks as often as it can without being one. */
    private static byte[] output(Random random) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int i = random.nextInt(20); i > 0; i--) {
            switch (random.nextInt(5)) {
                case 0 ->
                    text.writeBytes(("\u0001" + TAG.substring(0, random.nextInt(TAG.length())))
                            .getBytes(StandardCharsets.US_ASCII));
                case 1 -> text.write(1);
                case 2 -> text.writeBytes((TAG + " X 0 0\n").getBytes(StandardCharsets.US_ASCII));
                case 3 -> {
                    byte[] bytes = new byte[random.nextInt(300)];
                    random.nextBytes(bytes);
                    text.writeBytes(bytes);
                }
                default -> text.writeBytes(new byte[random.nextInt(9000)]);
            }
            // so that no two parts make a mark together
            text.write('.');
        }
        return text.toByteArray();
    }

    private static void frames(Random random, int type, byte[] bytes, ByteArrayOutputStream stream) {
        int position = 0;
        while (position < bytes.length) {
            int count = Math.min(bytes.length - position, 1 + random.nextInt(random.nextBoolean() ? 40 : 32_768));
            stream.writeBytes(
                    ByteBuffer.allocate(8).put((byte) type).putInt(4, count).array());
            stream.write(bytes, position, count);
            position += count;
        }
        if (random.nextInt(10) == 0) {
            stream.writeBytes(ByteBuffer.allocate(8).put((byte) type).array());
        }
    }

    private static byte[] joined(byte[] first, String second) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(first);
        all.writeBytes(second.getBytes(StandardCharsets.US_ASCII));
        return all.toByteArray();
    }

    private static ExecOutput read(Random random, byte[] bytes, OutputSink sink)
            throws IOException, InterruptedException {
        HijackedStream stream = new HijackedStream(new Pieces(random, bytes), ByteBuffer.allocate(0));
        ExecOutput output = ExecOutput.withoutHeader(stream, TAG);
        boolean open = true;
        while (open && !output.complete()) {
            open = output.pass(sink, Deadline.never());
        }
        return output;
    }

    @Test
    void readsEveryOutputAndExitCodeHoweverItIsCut() throws Exception {
        Deadline end = Deadline.in(TIME);
        for (long seed = System.nanoTime(); !end.passed(); seed++) {
            Random random = new Random(seed);
            byte[] out = output(random);
            byte[] err = output(random);
            int code = random.nextInt(256);
            int left = random.nextInt(2);
            ByteArrayOutputStream stream = new ByteArrayOutputStream();
            byte[] markedOut = joined(out, "\u0001" + TAG);
            byte[] markedErr = joined(err, "\u0001" + TAG + " X " + code + " " + left + "\n");
            if (random.nextBoolean()) {
                frames(random, 1, markedOut, stream);
                frames(random, 2, markedErr, stream);
            } else {
                frames(random, 2, markedErr, stream);
                frames(random, 1, markedOut, stream);
            }
            Collector collector = new Collector();
            ExecOutput read = read(random, stream.toByteArray(), collector);
            assertThat(read.complete()).as("complete, seed %d", seed).isTrue();
            assertThat(read.exitCode()).as("exit code, seed %d", seed).isEqualTo(code);
            assertThat(read.leftBehind()).as("left behind, seed %d", seed).isEqualTo(left == 1);
            assertThat(collector.out.toByteArray()).as("stdout, seed %d", seed).isEqualTo(out);
            assertThat(collector.err.toByteArray()).as("stderr, seed %d", seed).isEqualTo(err);
        }
    }

    @Test
    void readsEveryOutputOfATerminalHoweverItIsCut() throws Exception {
        Deadline end = Deadline.in(TIME);
        for (long seed = System.nanoTime(); !end.passed(); seed++) {
            Random random = new Random(seed);
            byte[] out = output(random);
            int code = random.nextInt(256);
            String begin = "\u0001" + TAG + " P 12 - ok\r\ngo\r\n\u0001" + TAG + " S\r\n";
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            bytes.writeBytes(begin.getBytes(StandardCharsets.US_ASCII));
            bytes.writeBytes(joined(out, "\u0001" + TAG + " X " + code + (random.nextBoolean() ? " \r\n" : " ^C\n")));
            HijackedStream stream = new HijackedStream(new Pieces(random, bytes.toByteArray()), ByteBuffer.allocate(0));
            stream.unframed();
            ExecOutput read = new ExecOutput(stream, TAG, true);
            assertThat(read.header(Deadline.never())).isEqualTo("P 12 - ok");
            read.awaitStart(Deadline.never());
            Collector collector = new Collector();
            boolean open = true;
            while (open && !read.complete()) {
                open = read.pass(collector, Deadline.never());
            }
            read.flush(collector);
            assertThat(read.complete()).as("complete, seed %d", seed).isTrue();
            assertThat(read.exitCode()).as("exit code, seed %d", seed).isEqualTo(code);
            assertThat(collector.out.toByteArray()).as("output, seed %d", seed).isEqualTo(out);
            assertThat(collector.err.size()).as("errors, seed %d", seed).isZero();
        }
    }

    @Test
    void readsNothingIntoWhatIsMalformedOrCut() throws Exception {
        Deadline end = Deadline.in(TIME);
        for (long seed = System.nanoTime(); !end.passed(); seed++) {
            Random random = new Random(seed);
            ByteArrayOutputStream stream = new ByteArrayOutputStream();
            frames(random, 1, joined(output(random), "\u0001" + TAG), stream);
            frames(random, 2, joined(output(random), "\u0001" + TAG + " X 7 0\n"), stream);
            byte[] bytes = stream.toByteArray();
            if (random.nextBoolean()) {
                bytes = java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length));
            } else {
                for (int i = 1 + random.nextInt(20); i > 0; i--) {
                    bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                }
            }
            Collector collector = new Collector();
            try {
                ExecOutput read = read(random, bytes, collector);
                assertThat(read.exitCode()).as("exit code, seed %d", seed).isBetween(-1, 255);
            } catch (IOException malformed) {
                assertThat(malformed).as("seed %d", seed).hasMessageContaining("stream");
            }
            assertThat(collector.out.size() + collector.err.size())
                    .as("no more than was sent, seed %d", seed)
                    .isLessThanOrEqualTo(bytes.length);
        }
    }
}
