package dev.sandkeeper.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTest {
    @TempDir
    Path directory;

    @Test
    void readsWhatWasWrittenDownButNoLineThatAKillHasCut() throws Exception {
        Path file = directory.resolve("log");
        try (Log log = new Log(file)) {
            log.add(Deed.Kind.CREATED, "a", 5);
            log.add(Deed.Kind.ERROR, "two\nlines");
        }
        Files.writeString(file, "RENEWED a 1", StandardOpenOption.APPEND);
        assertThat(Log.read(file))
                .containsExactly(Deed.of(Deed.Kind.CREATED, "a", 5), Deed.of(Deed.Kind.ERROR, "two", "lines"));
        assertThat(Log.read(directory.resolve("none"))).isEmpty();
    }

    @Test
    void marksOutliveTheirWriter() throws Exception {
        Path file = directory.resolve("marks");
        Marks marks = new Marks(file);
        marks.in(Phase.EXEC, () -> 1);
        Set<Phase> seen = marks.in(Phase.CLAIM, () -> marks.in(Phase.SWEEP, () -> new Marks(file).underWay()));
        assertThat(seen).containsExactly(Phase.CLAIM, Phase.SWEEP);
        assertThat(new Marks(file).underWay()).isEmpty();
    }

    @Test
    void signalsTheWantedTimeThatAPhaseIsEntered() throws Exception {
        Marks marks = new Marks(directory.resolve("marks"));
        int[] signals = new int[1];
        marks.aim(Phase.EXEC, 2, () -> signals[0]++);
        marks.in(Phase.CREATE, () -> 1);
        marks.in(Phase.EXEC, () -> 1);
        assertThat(signals[0]).isZero();
        marks.in(Phase.EXEC, () -> 1);
        marks.in(Phase.EXEC, () -> 1);
        assertThat(signals[0]).isOne();
    }
}
