package dev.sandkeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sandkeeper.cleanup.BeforeDestroy;
import dev.sandkeeper.cleanup.CleanupSettings;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EnvironmentSettingsTest {
    private static CleanupSettings cleanup(Map<String, String> environment) {
        CleanupSettings.Builder builder = CleanupSettings.builder().parallelism(7);
        new EnvironmentSettings(environment).apply(SandboxManager.builder(), builder);
        return builder.build();
    }

    @ParameterizedTest
    @CsvSource({
        "24h, PT24H",
        "7d, P7D",
        "90m, PT90M",
        "90s, PT90S",
        "61000ms, PT61S",
        "PT2H30M, PT2H30M",
        "P1D, PT24H",
        "' 2H ', PT2H"
    })
    void takesTimes(String text, Duration expected) {
        assertThat(cleanup(Map.of("SANDBOX_RETENTION_PERIOD", text)).archiveRetention())
                .isEqualTo(expected);
    }

    @Test
    void setsWhatIsThereAndLeavesTheRest() {
        CleanupSettings settings = cleanup(
                Map.of("SANDBOX_CLEANUP_INTERVAL", "5m", "SANDBOX_MAX_CLEANUP_BATCH", "17", "SANDBOX_OTHER", "?"));
        assertThat(settings.interval()).isEqualTo(Duration.ofMinutes(5));
        assertThat(settings.batch()).isEqualTo(17);
        assertThat(settings.parallelism()).isEqualTo(7);
        assertThat(settings.archiveRetention()).isEqualTo(Duration.ofDays(30));
        assertThat(cleanup(Map.of("SANDBOX_CLEANUP_INTERVAL", "")).interval()).isEqualTo(Duration.ofHours(1));
    }

    @ParameterizedTest
    @CsvSource({
        "SANDBOX_DEFAULT_TTL, soon, 24h",
        "SANDBOX_DEFAULT_TTL, 0s, from 1 millisecond",
        "SANDBOX_EXTENDED_TTL, 5 years, 24h",
        "SANDBOX_CLEANUP_INTERVAL, 2d, interval must be",
        "SANDBOX_RETENTION_PERIOD, -1d, 24h",
        "SANDBOX_RETENTION_PERIOD, 1s, archiveRetention must be",
        "SANDBOX_MAX_CLEANUP_BATCH, many, write a number",
        "SANDBOX_MAX_CLEANUP_BATCH, 0, batch must be"
    })
    void refusesWhatCannotBeUsedByItsName(String name, String value, String why) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> cleanup(Map.of(name, value)))
                .withMessageStartingWith(name + "=" + value + " is refused: ")
                .withMessageContaining(why);
    }

    @Test
    void allSettingsSurviveTheWayThroughABuilder() {
        CleanupSettings changed = CleanupSettings.builder()
                .interval(Duration.ofSeconds(11))
                .lookInterval(Duration.ofSeconds(12))
                .reviewInterval(Duration.ofSeconds(13))
                .sweepInterval(Duration.ofSeconds(14))
                .sweepGrace(Duration.ofSeconds(15))
                .lease(Duration.ofSeconds(16))
                .retry(Duration.ofSeconds(17), Duration.ofSeconds(18))
                .batch(19)
                .parallelism(20)
                .stuckAfter(21)
                .manual()
                .providerTimeout(Duration.ofSeconds(22))
                .archiveRetention(Duration.ofDays(23))
                .rateLimit(24)
                .measureDisk()
                .beforeDestroy(
                        BeforeDestroy.export("out").to((sandbox, tar) -> {}).build())
                .build();
        assertThat(changed.toBuilder().build()).usingRecursiveComparison().isEqualTo(changed);
        assertThat(CleanupSettings.builder().build())
                .usingRecursiveComparison()
                .isEqualTo(CleanupSettings.builder().build().toBuilder().build());
    }
}
