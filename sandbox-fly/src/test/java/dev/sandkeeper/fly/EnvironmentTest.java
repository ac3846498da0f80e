package dev.sandkeeper.fly;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.BackendRejectedException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EnvironmentTest {
    @Test
    void tokensLoseWhatWasCopiedWithThemAndKeepTheirScheme() {
        assertThat(Token.of("fm2_abc").scheme()).isEqualTo("FlyV1 ");
        assertThat(Token.of("FlyV1 Bearer fm2_abc,fm1a_def").text()).isEqualTo("fm2_abc,fm1a_def");
        assertThat(Token.of("bearer  BEARER personal").text()).isEqualTo("personal");
        assertThat(Token.of("personal").scheme()).isEqualTo("Bearer ");
        assertThat(Token.of("fm2_abc,fm1a_def").secrets()).containsExactly("fm2_abc", "fm1a_def");
        assertThat(Token.of("fm2_abc")).hasToString("Token[FlyV1]");
        assertThatThrownBy(() -> Token.of("two words-of-secret"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("secret");
        assertThatThrownBy(() -> Token.of("Bearer ")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theEnvironmentNamesTokenAppAndTheRest() {
        Map<String, String> set = Map.of(
                "FLY_API_TOKEN", "fm2_abc",
                "FLY_APP", "sandboxes",
                "FLY_REGION", "lhr, eu",
                "FLY_ORG", "personal",
                "FLY_FLAPS_BASE_URL", "http://127.0.0.1:1");
        try (FlyBackend backend = FlyBackend.fromEnvironment(set::get)) {
            assertThat(backend.name()).isEqualTo("fly");
            assertThat(backend.toString()).contains("sandboxes").doesNotContain("fm2_");
        }
    }

    @Test
    void aMissingOrUnusableVariableIsNamedAndItsValueIsNot() {
        assertThatThrownBy(() -> FlyBackend.fromEnvironment(Map.of("FLY_APP", "a")::get))
                .isInstanceOf(BackendRejectedException.class)
                .hasMessageContaining("FLY_API_TOKEN");
        assertThatThrownBy(() -> FlyBackend.fromEnvironment(Map.of("FLY_API_TOKEN", "fm2_abc")::get))
                .isInstanceOf(BackendRejectedException.class)
                .hasMessageContaining("FLY_APP");
        Map<String, String> bad = Map.of("FLY_API_TOKEN", "secret token", "FLY_APP", "a");
        assertThatThrownBy(() -> FlyBackend.fromEnvironment(bad::get))
                .isInstanceOf(BackendRejectedException.class)
                .hasMessageNotContaining("secret");
    }

    @Test
    void referencesHoldNothingThatLeadsElsewhere() {
        assertThat(MachineRef.of("my-app/1857156b526dd8")).isPresent();
        for (String bad : new String[] {"", "a", "a/", "/b", "a/b/c", "A/b", "a/..", "a/b?x", "a b/c"}) {
            assertThat(MachineRef.of(bad)).as(bad).isEmpty();
        }
    }
}
