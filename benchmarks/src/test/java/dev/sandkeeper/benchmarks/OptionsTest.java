package dev.sandkeeper.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionsTest {
    @Test
    void takesTheLengthOfTheRunAndSizesFromTheBench() {
        Options full = Options.parse(List.of("heap"));
        assertThat(full.bytes()).isEqualTo(10L << 30);
        assertThat(full.times(20, 4)).isEqualTo(20);
        Options quick = Options.parse(List.of("load", "--quick", "--commands", "77", "--run", "me"));
        assertThat(quick.commands()).isEqualTo(77);
        assertThat(quick.times(20, 4)).isEqualTo(4);
        assertThat(quick.run()).isEqualTo("me");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "sing; there is no bench \"sing\"",
                "exec --loud; there is no option --loud",
                "exec --megabytes; --megabytes lacks its value",
                "exec --megabytes 0; --megabytes must be a number from 1 to 1000000: 0",
                "load --commands many; --commands must be a number from 1 to 10000000: many",
                "exec --run A; --run must be 1 to 40 of [a-z0-9-]: A"
            })
    void namesWhatIsWrong(String line, String message) {
        assertThatThrownBy(() -> Options.parse(List.of(line.split(" "))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
