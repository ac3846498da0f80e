package dev.sandkeeper.testkit.simulator.daytona;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DaytonaLogShapeTest {
    @ParameterizedTest
    @CsvSource({
        "0.216.0, , SPLIT",
        "0.167.0, , SPLIT",
        "v0.205.1, , SPLIT",
        "1.0.0, , SPLIT",
        "0.0.0-dev, , SPLIT",
        "0.166.9, , MARKED",
        "0.27.0, , MARKED",
        "not-a-version, , MARKED",
        "0.26.9, , MERGED",
        "0.26.9, true, MERGED",
        ", true, MARKED",
        ", false, MERGED",
        ", , MERGED"
    })
    void followsTheVersionThatAClientSaysItHas(String version, String split, DaytonaLogShape shape) {
        assertThat(DaytonaLogShape.of(version, split)).isEqualTo(shape);
    }

    @Test
    void readsTheVersionOfABrowserFromItsSubprotocols() {
        assertThat(DaytonaLogShape.versionOf(List.of("other", "X-Daytona-SDK-Version~0.30.0")))
                .isEqualTo("0.30.0");
        assertThat(DaytonaLogShape.versionOf(List.of("other"))).isNull();
    }

    @Test
    void startsSessionsOfOldClientsOnlyAtHome() {
        assertThat(DaytonaLogShape.startsAtHome("0.102.9")).isTrue();
        assertThat(DaytonaLogShape.startsAtHome("0.103.0")).isFalse();
        assertThat(DaytonaLogShape.startsAtHome("strange")).isFalse();
        assertThat(DaytonaLogShape.startsAtHome(null)).isFalse();
    }
}
