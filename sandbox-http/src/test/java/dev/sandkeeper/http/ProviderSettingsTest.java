package dev.sandkeeper.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProviderSettingsTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a\nb", "a/b", "é"})
    void aNameIsOfHarmlessCharacters(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProviderSettings.name(name))
                .withMessageStartingWith("name must be");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "hidden word", "hidden\nword", "hidden\u00e9", "hidden\u0000"})
    void aSecretFitsIntoAHeaderAndIsNeverShown(String secret) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProviderSettings.secret("apiKey", secret))
                .withMessageStartingWith("apiKey must be")
                .withMessageNotContaining("hidden");
        assertThat(ProviderSettings.secret("apiKey", " k\n")).isEqualTo("k");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "ftp://h",
                "h",
                "http://",
                "http://hidden@h",
                "http://u:hidden@h",
                "http://:hidden@h",
                "http://h?x=hidden",
                "http://h?",
                "http://h#hidden",
                "http://h:99999"
            })
    void anAddressHoldsNothingThatMightBeASecretAndAWrongOneIsNotShown(String url) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProviderSettings.url("apiUrl", url))
                .withMessageStartingWith("apiUrl must be")
                .withMessageNotContaining("hidden");
    }

    @Test
    void anAddressKeepsItsPathAndLosesItsLastSlash() {
        assertThat(ProviderSettings.url("apiUrl", "https://h:8/a/b/")).hasToString("https://h:8/a/b");
        assertThat(ProviderSettings.url("apiUrl", "http://h")).hasToString("http://h/");
    }

    @Test
    void timesAndNumbersHaveBoundsAndNameThemselves() {
        Duration least = Duration.ofSeconds(2);
        assertThat(ProviderSettings.time("t", least, least)).isEqualTo(least);
        assertThat(ProviderSettings.time("t", least, Duration.ofDays(1))).isEqualTo(Duration.ofDays(1));
        for (Duration bad : new Duration[] {
            Duration.ofSeconds(-1), Duration.ZERO, Duration.ofDays(1).plusNanos(1), Duration.ofSeconds(Long.MAX_VALUE)
        }) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ProviderSettings.time("callTimeout", least, bad))
                    .withMessageStartingWith("callTimeout must be from");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProviderSettings.most("maxCalls", 0))
                .withMessageStartingWith("maxCalls must be");
    }
}
