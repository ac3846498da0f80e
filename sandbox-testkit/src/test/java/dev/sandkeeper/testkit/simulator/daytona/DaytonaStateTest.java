package dev.sandkeeper.testkit.simulator.daytona;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.testkit.simulator.daytona.DaytonaState.Desired;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DaytonaStateTest {
    @ParameterizedTest
    @CsvSource({
        "STARTED, STOPPED, STOPPING", "STARTED, DESTROYED, DESTROYING", "STARTED, STARTED, STARTED",
        "STOPPED, STARTED, STARTING", "STOPPED, DESTROYED, DESTROYING", "STOPPED, ARCHIVED, ARCHIVING",
        "UNKNOWN, STARTED, CREATING", "ERROR, DESTROYED, ERROR", "ARCHIVED, DESTROYED, ARCHIVED",
        "RESIZING, STARTED, RESIZING"
    })
    void isReportedByWhatItIsAndWhatIsWanted(DaytonaState state, Desired desired, DaytonaState reported) {
        assertThat(state.reported(desired, false)).isEqualTo(reported);
    }

    @Test
    void comesOutOfTheArchiveInListsOnly() {
        assertThat(DaytonaState.ARCHIVED.reported(Desired.STARTED, true)).isEqualTo(DaytonaState.RESTORING);
        assertThat(DaytonaState.ARCHIVED.reported(Desired.STARTED, false)).isEqualTo(DaytonaState.ARCHIVED);
    }

    @Test
    void isPendingWhileItIsNotWhatIsWanted() {
        assertThat(DaytonaState.UNKNOWN.pending(Desired.STARTED)).isTrue();
        assertThat(DaytonaState.STARTED.pending(Desired.STOPPED)).isTrue();
        assertThat(DaytonaState.STARTED.pending(Desired.STARTED)).isFalse();
        assertThat(DaytonaState.ERROR.pending(Desired.STARTED)).isFalse();
        assertThat(DaytonaState.BUILD_FAILED.pending(Desired.STARTED)).isFalse();
        assertThat(DaytonaState.STOPPED.pending(Desired.ARCHIVED)).isFalse();
    }
}
