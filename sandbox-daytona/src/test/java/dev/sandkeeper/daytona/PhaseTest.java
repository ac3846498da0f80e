package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.spi.ProviderState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PhaseTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "creating",
                "restoring",
                "started",
                "starting",
                "pending_build",
                "building_snapshot",
                "pulling_snapshot",
                "resizing",
                "snapshotting",
                "forking",
                "resuming"
            })
    void whatTakesCommandsNowOrSoonIsPresent(String word) {
        assertThat(Phase.of(word).state()).isEqualTo(ProviderState.PRESENT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "destroyed",
                "destroying",
                "stopped",
                "stopping",
                "error",
                "build_failed",
                "archived",
                "archiving"
            })
    void whatWillNeverTakeACommandAgainIsGone(String word) {
        assertThat(Phase.of(word).state()).isEqualTo(ProviderState.GONE);
    }

    @Test
    void aWordThatIsNewProvesNothing() {
        assertThat(Phase.of("hibernating").state()).isEqualTo(ProviderState.UNKNOWN);
        assertThat(Phase.of(null).state()).isEqualTo(ProviderState.UNKNOWN);
        assertThat(Phase.of("unknown").state()).isEqualTo(ProviderState.UNKNOWN);
        assertThat(Phase.of("paused").state()).isEqualTo(ProviderState.PAUSED);
    }
}
