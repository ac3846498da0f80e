package dev.sandkeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineListenerTest {
    private final List<String> lines = new ArrayList<>();

    @Test
    void putsLinesTogetherHoweverTheyAreCut() {
        String text = "a\r\n\n\u00fc\u65e5\ud83d\ude80 end\nlast\r";
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int size = 1; size <= bytes.length; size++) {
            lines.clear();
            feed(OutputListener.lines((source, line) -> lines.add(line)), bytes, size);
            assertThat(lines)
                    .as("in pieces of %s", size)
                    .containsExactly("a", "", "\u00fc\u65e5\ud83d\ude80 end", "last\r");
        }
    }

    @Test
    void cutsALongLineBetweenCharacters() {
        for (String character : List.of("x", "\u00fc", "\u65e5", "\ud83d\ude80")) {
            String text = "x" + character.repeat(50);
            for (int longest = 4; longest < 30; longest++) {
                lines.clear();
                feed(
                        OutputListener.lines(longest, (source, line) -> lines.add(line)),
                        (text + "\nnext").getBytes(StandardCharsets.UTF_8),
                        7);
                assertThat(lines).endsWith("next");
                assertThat(String.join("", lines)).isEqualTo(text + "next");
                assertThat(lines).allMatch(line -> !line.contains("\ufffd"));
                int most = longest;
                assertThat(lines).allMatch(line -> line.getBytes(StandardCharsets.UTF_8).length <= most);
            }
        }
    }

    @Test
    void replacesWhatIsNotUtf8AndLosesNothing() {
        byte[] bytes = new byte[1000];
        Arrays.fill(bytes, (byte) 0xbf);
        feed(OutputListener.lines(10, (source, line) -> lines.add(line)), bytes, 3);
        assertThat(String.join("", lines)).isEqualTo("\ufffd".repeat(1000));
    }

    @Test
    void keepsTheStreamsApart() {
        OutputListener listener = OutputListener.lines((source, line) -> lines.add(source + " " + line));
        listener.output(OutputSource.STDOUT, ByteBuffer.wrap(new byte[] {'a'}));
        listener.output(OutputSource.STDERR, ByteBuffer.wrap(new byte[] {'b', '\n'}));
        listener.output(OutputSource.STDOUT, ByteBuffer.wrap(new byte[] {'c', '\n'}));
        listener.end(OutputSource.STDOUT);
        listener.end(OutputSource.STDERR);
        assertThat(lines).containsExactly("STDERR b", "STDOUT ac");
    }

    @Test
    void refusesALengthThatHoldsNoCharacter() {
        assertThatThrownBy(() -> OutputListener.lines(3, (source, line) -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("longest");
    }

    private static void feed(OutputListener listener, byte[] bytes, int size) {
        for (int i = 0; i < bytes.length; i += size) {
            listener.output(OutputSource.STDOUT, ByteBuffer.wrap(bytes, i, Math.min(size, bytes.length - i)));
        }
        listener.end(OutputSource.STDOUT);
        listener.end(OutputSource.STDERR);
    }
}
