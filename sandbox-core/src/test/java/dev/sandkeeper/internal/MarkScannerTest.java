package dev.sandkeeper.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MarkScannerTest {
    private final List<String> records = new ArrayList<>();
    private final ByteArrayOutputStream passed = new ByteArrayOutputStream();

    private String scan(String input, int piece) throws IOException {
        records.clear();
        passed.reset();
        MarkScanner scanner = new MarkScanner("tag", true, records::add);
        byte[] bytes = input.getBytes(StandardCharsets.ISO_8859_1);
        for (int i = 0; i < bytes.length; i += piece) {
            scanner.accept(bytes, i, Math.min(piece, bytes.length - i), passed::write);
        }
        scanner.flush(passed::write);
        return passed.toString(StandardCharsets.ISO_8859_1);
    }

    @Test
    void cutsMarksOutHoweverTheStreamIsSplit() throws IOException {
        for (int piece = 1; piece < 40; piece++) {
            assertThat(scan("before\u0001tag X 3\nafter\u0001tag T\n", piece)).isEqualTo("beforeafter");
            assertThat(records).containsExactly("X 3", "T");
        }
    }

    @Test
    void passesOnWhatOnlyLooksLikeAMark() throws IOException {
        for (int piece = 1; piece < 12; piece++) {
            for (String text : List.of("\u0001", "\u0001ta", "\u0001\u0001tax", "a\u0001tb\u0001ta\u0001")) {
                assertThat(scan(text, piece)).isEqualTo(text);
                assertThat(records).isEmpty();
            }
            assertThat(scan("\u0001\u0001ta\u0001tag X 1\n", piece)).isEqualTo("\u0001\u0001ta");
            assertThat(records).containsExactly("X 1");
        }
    }

    @Test
    void changesNoOtherByte() throws IOException {
        Random random = new Random(11);
        for (int round = 0; round < 500; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 200; i++) {
                text.append("\u0001tax".charAt(random.nextInt(4)));
            }
            assertThat(scan(text.toString(), 1 + random.nextInt(20))).isEqualTo(text.toString());
        }
    }

    @Test
    void passesBytesOnInOnePieceWhateverTheyAre() throws IOException {
        byte[] content = new byte[64 << 10];
        new Random(5).nextBytes(content);
        content[content.length - 1] = 0;
        List<Integer> pieces = new ArrayList<>();
        MarkScanner scanner = new MarkScanner("tag", false, records::add);
        scanner.accept(content, 0, content.length, (buffer, offset, length) -> pieces.add(length));
        assertThat(pieces).containsExactly(content.length);
        assertThat(records).isEmpty();
    }

    @Test
    void boundsARecordThatNeverEnds() throws IOException {
        assertThat(scan("\u0001tag " + "x".repeat(1 << 20) + "\nrest", 4096)).isEqualTo("rest");
        assertThat(records).hasSize(1);
        assertThat(records.get(0)).hasSizeLessThanOrEqualTo(4096);
    }
}
