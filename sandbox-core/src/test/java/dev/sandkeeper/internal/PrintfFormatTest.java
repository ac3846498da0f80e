package dev.sandkeeper.internal;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrintfFormatTest {
    private static final long SEED = 20_260_301;
    private static final int ARRAYS = 200;
    private static final int LONGEST = 3000;
    private static final String SPECIAL = "-%\\'\"$`0127abfnrtvxsd \t\r\n\0\u0001\u007f\u0080\u00ff";

    private static final List<Function<byte[], String>> WAYS =
            List.of(PrintfFormat::of, PrintfFormat::oneLine, PrintfFormat::octal);

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static List<byte[]> samples() {
        List<byte[]> samples = new ArrayList<>();
        for (String text :
                List.of("", "-", "-n", "--", "-v x", "%", "%%s%d\n", "\\", "\\n\\0551", "'", "'\\''", "\n", "\n\n")) {
            samples.add(bytes(text));
        }
        Random random = new Random(SEED);
        for (int value = 0; value < 256; value++) {
            // whatever follows must not be taken for a part of it
            samples.add(new byte[] {(byte) value});
            samples.add(new byte[] {(byte) value, (byte) value, '7', (byte) value, '-', '0', '0'});
        }
        for (int i = 0; i < ARRAYS; i++) {
            byte[] any = new byte[random.nextInt(LONGEST)];
            random.nextBytes(any);
            samples.add(any);
            byte[] awkward = new byte[random.nextInt(LONGEST / 10)];
            for (int at = 0; at < awkward.length; at++) {
                awkward[at] = (byte) SPECIAL.charAt(random.nextInt(SPECIAL.length()));
            }
            samples.add(awkward);
        }
        return samples;
    }

    /** Each way of a sample is printed twice: from between quotes, and out of a variable. */
    @ParameterizedTest
    @ValueSource(strings = {"sh", "bash", "busybox sh"})
    void aShellPrintsTheSameBytes(String shell) throws IOException, InterruptedException {
        StringBuilder script = new StringBuilder();
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        for (byte[] sample : samples()) {
            for (Function<byte[], String> way : WAYS) {
                script.append("printf '").append(way.apply(sample)).append("'\n");
                script.append("format='").append(way.apply(sample)).append("'; printf \"$format\"\n");
                expected.writeBytes(sample);
                expected.writeBytes(sample);
            }
        }
        assertThat(printed(shell, script.toString())).isEqualTo(expected.toByteArray());
    }

    private static byte[] printed(String shell, String script) throws IOException, InterruptedException {
        Path file = Files.createTempFile("printf", ".sh");
        try {
            Files.writeString(file, script, US_ASCII);
            List<String> command = new ArrayList<>(List.of(shell.split(" ")));
            command.add(file.toString());
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            byte[] printed = process.getInputStream().readAllBytes();
            assertThat(process.waitFor()).isZero();
            return printed;
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void aFormatIsHarmlessAsciiOfBoundedLength() {
        for (byte[] sample : samples()) {
            for (Function<byte[], String> way : WAYS) {
                String format = way.apply(sample);
                assertThat(format).doesNotContain("'").doesNotStartWith("-").matches("[ -~\n]*");
                assertThat(format.length()).isBetween(sample.length, 4 * sample.length);
            }
            assertThat(PrintfFormat.oneLine(sample)).doesNotContain("\n");
            assertThat(PrintfFormat.octal(sample)).matches("(\\\\[0-3][0-7]{2})*");
        }
    }

    @Test
    void textStaysReadable() {
        assertThat(PrintfFormat.of(bytes("two-part\n- 100 \"$x\"\n"))).isEqualTo("two-part\n- 100 \"$x\"\n");
        assertThat(PrintfFormat.of(bytes("-it's 100%\\"))).isEqualTo("\\055it\\047s 100\\045\\134");
        assertThat(PrintfFormat.oneLine(bytes("a-b\n1"))).isEqualTo("a-b\\0121");
        assertThat(PrintfFormat.of("\u00ff7".getBytes(ISO_8859_1))).isEqualTo("\\3777");
        assertThat(PrintfFormat.octal(bytes("a\n"))).isEqualTo("\\141\\012");
    }
}
