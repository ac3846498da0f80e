package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogLinesTest {
    private static final String OUT = "\u0001\u0001\u0001";
    private static final String ERR = "\u0002\u0002\u0002";

    private final List<String> told = new ArrayList<>();
    private final LogLines lines = new LogLines((tag, words) -> told.add(tag + " " + String.join(" ", words)));

    private void accept(String text) {
        lines.accept(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void findsTheCommandsLinesBehindTheMarkersOfBothStreams() {
        accept(OUT + "d-1 P 12\n" + ERR + "d-1 T\n" + OUT + "d-1 X 0 0 0 0\n");
        assertThat(told).containsExactly("d-1 P 12", "d-1 T", "d-1 X 0 0 0 0");
    }

    @Test
    void findsThemWhereverTheyAreCut() {
        String log = OUT + "d-1 o 0 = aGk=\n" + OUT + "d-1 X 3 0 1 0\n";
        for (int i = 0; i < log.length(); i++) {
            accept(log.substring(i, i + 1));
        }
        assertThat(told).containsExactly("d-1 o 0 = aGk=", "d-1 X 3 0 1 0");
    }

    @Test
    void findsThemWhereTheDaemonHasTakenTheMarkersOff() {
        accept("d-1 P 1\nd-1 X 0 0 0 0\n");
        assertThat(told).hasSize(2);
    }

    @Test
    void tellsCommandsApartAndPassesOverWhatIsOfNone() {
        accept("\n" + OUT + "\n" + OUT + "d-2 P 1\nd-1\ne-1 P 5\n" + OUT + "x".repeat(100_000) + "d-1 P 2\n" + OUT
                + "d-1 P 3\n");
        assertThat(told).containsExactly("d-2 P 1", "d-1 P 3");
    }

    @Test
    void aLineThatBreaksOffIsReadAnew() {
        accept(OUT + "d-1 P");
        lines.restart();
        accept(OUT + "d-1 P 7\n");
        assertThat(told).containsExactly("d-1 P 7");
    }

    @Test
    void survivesWhoeverCannotReadALine() {
        LogLines strict = new LogLines((tag, words) -> {
            throw new IllegalArgumentException("no");
        });
        strict.accept("d-1 P x\nd-1 P y\n".getBytes(StandardCharsets.US_ASCII));
    }
}
