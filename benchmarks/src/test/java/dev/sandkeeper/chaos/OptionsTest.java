package dev.sandkeeper.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionsTest {
    @Test
    void runsInMemoryOnAFileUnlessToldOtherwise() {
        Options options = Options.parse(List.of("--rounds", "7", "--seed", "0"));
        assertThat(options.rounds()).isEqualTo(7);
        assertThat(options.seed()).isZero();
        assertThat(options.backend()).isEqualTo("memory");
        assertThat(options.store()).isEqualTo("h2");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "--seed 1; how many --rounds?",
                "--loud 1; there is no option --loud",
                "--rounds; --rounds lacks its value",
                "--rounds 0; --rounds must be a number from 1 to 1000000: 0",
                "--rounds 1 --seed x; --seed must be a number from 0 to 999999999999: x",
                "--rounds 1 --backend moon; --backend must be one of [docker, local, memory]: moon",
                "--rounds 1 --store sand; --store must be one of [h2, mariadb, postgres]: sand"
            })
    void namesWhatIsWrong(String line, String message) {
        assertThatThrownBy(() -> Options.parse(List.of(line.split(" "))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
