package dev.sandkeeper.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PathBytesTest {
    @Test
    void anyBytesComeBackAsTheyWere() {
        Random random = new Random(20);
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            if (round % 2 == 0) {
                // the bytes that make or nearly make UTF-8 sequences, surrogates and overlong forms among them
                int[] likely = {0xC3, 0xA9, 0xED, 0xA0, 0x80, 0xB2, 0xF0, 0x9F, 0x98, 0xC0, 0xF4, 0x90, 0xE2, 'a', 0xFF
                };
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] = (byte) likely[random.nextInt(likely.length)];
                }
            }
            assertThat(PathBytes.encode(PathBytes.decode(bytes, 0, bytes.length)))
                    .as("round %d", round)
                    .isEqualTo(bytes);
        }
    }

    @Test
    void textIsItsUtf8() {
        String text = "/a b/\u00e9\u4e2d\ud83d\ude00";
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        assertThat(PathBytes.encode(text)).isEqualTo(bytes);
        assertThat(PathBytes.decode(bytes, 0, bytes.length)).isEqualTo(text);
    }

    @Test
    void bytesThatAreNotUtf8StandAsLoneSurrogates() {
        byte[] bytes = {'/', (byte) 0xFF, 'x', (byte) 0x80};
        assertThat(PathBytes.decode(bytes, 0, 4)).isEqualTo("/\udcffx\udc80");
    }

    @Test
    void surrogatesThatStandForNoByteAreRefused() {
        for (String bad : new String[] {"/\ud800", "/\udc7f", "/\udd00x", "/x\udbff"}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> PathBytes.encode(bad))
                    .withMessageContaining("surrogate");
        }
    }

    @Test
    void argumentsArePlainAsciiAndEscapeTheRest() {
        byte[] bytes = "/a\\n b\n\u00e9'$(x)".getBytes(StandardCharsets.UTF_8);
        assertThat(PathBytes.argument(bytes)).isEqualTo("/a\\0134n b\\0012\\0303\\0251'$(x)");
    }

    @Test
    void messagesStayOnOneHarmlessLine() {
        assertThat(PathBytes.printable("/a\nb\u001b[31m\u202e\udcff\u00e9")).isEqualTo("/a?b?[31m??\u00e9");
        assertThat(PathBytes.printable("x".repeat(5000))).hasSize(203);
    }
}
