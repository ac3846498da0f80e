package dev.sandkeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TerminalSizeTest {
    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 65_536, Integer.MAX_VALUE})
    void namesTheFieldTheValueAndTheRemedy(int wrong) {
        assertThatThrownBy(() -> new TerminalSize(wrong, 24))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("columns")
                .hasMessageContaining(String.valueOf(wrong))
                .hasMessageContaining("80 columns and 24 rows");
        assertThatThrownBy(() -> Command.builder("sh").terminal(80, wrong))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rows")
                .hasMessageContaining(String.valueOf(wrong));
    }

    @Test
    void isKeptByACommandAndWhatIsMadeOfIt() {
        Command command = Command.builder("sh").terminal(1, 65_535).build();
        assertThat(command.toBuilder().build().terminal()).contains(new TerminalSize(1, 65_535));
        assertThat(Command.of("sh").terminal()).isEmpty();
    }
}
