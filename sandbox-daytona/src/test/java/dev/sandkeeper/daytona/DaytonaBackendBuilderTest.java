package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.BackendRejectedException;
import java.time.Duration;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class DaytonaBackendBuilderTest {
    private static DaytonaBackendBuilder of(Map<String, String> environment) {
        return DaytonaBackend.builder().environment(environment);
    }

    @Test
    void takesDaytonasOwnVariables() {
        try (DaytonaBackend backend = of(Map.of(
                        "DAYTONA_API_KEY",
                        "dtn_x",
                        "DAYTONA_API_URL",
                        "http://127.0.0.1:1/api",
                        "DAYTONA_TARGET",
                        "eu"))
                .build()) {
            assertThat(backend.toString()).contains("eu").doesNotContain("dtn_x");
            assertThat(backend.name()).isEqualTo("daytona");
        }
        of(Map.of("DAYTONA_JWT_TOKEN", "jwt", "DAYTONA_ORGANIZATION_ID", "o"))
                .build()
                .close();
    }

    @Test
    void refusesAnAccountThatIsNone() {
        assertThatThrownBy(() -> of(Map.of()).build())
                .isInstanceOf(BackendRejectedException.class)
                .hasMessageContaining("DAYTONA_API_KEY");
        assertThatThrownBy(() -> of(Map.of("DAYTONA_JWT_TOKEN", "jwt")).build())
                .isInstanceOf(BackendRejectedException.class)
                .hasMessageContaining("DAYTONA_ORGANIZATION_ID")
                .hasMessageNotContaining("jwt");
    }

    @Test
    void refusesSettingsThatCannotBe() {
        DaytonaBackendBuilder builder = DaytonaBackend.builder();
        assertThatThrownBy(() -> builder.apiUrl("app.daytona.io")).hasMessageContaining("apiUrl");
        assertThatThrownBy(() -> builder.callTimeout(Duration.ofSeconds(10))).hasMessageContaining("callTimeout");
        assertThatThrownBy(() -> builder.toolboxTimeout(Duration.ZERO)).hasMessageContaining("toolboxTimeout");
        assertThatThrownBy(() -> builder.snapshot("a b")).hasMessageContaining("snapshot");
        assertThatThrownBy(() -> DaytonaBackend.snapshot("")).hasMessageContaining("name");
        assertThat(builder.apiKey("dtn_secret").toString()).doesNotContain("dtn_secret");
    }

    private static void assertRefused(String setting, ThrowingCallable call) {
        assertThatIllegalArgumentException()
                .isThrownBy(call)
                .withMessageStartingWith(setting + " must be")
                .withMessageNotContaining("hidden");
    }

    @Test
    void namesTheSettingThatCannotBeAndNeverASecret() {
        DaytonaBackendBuilder builder = DaytonaBackend.builder();
        assertRefused("name", () -> builder.name("a\nb"));
        assertRefused("apiKey", () -> builder.apiKey("hidden\nx: y"));
        assertRefused("apiKey", () -> of(Map.of("DAYTONA_API_KEY", "hidden word")));
        assertRefused("jwtToken", () -> builder.jwtToken("hidden\nx", "o"));
        assertRefused("organizationId", () -> builder.jwtToken("t", "hidden\nx"));
        assertRefused("apiUrl", () -> builder.apiUrl("http://u:hidden@h/"));
        assertRefused("apiUrl", () -> builder.apiUrl("http://h?x=hidden"));
        assertRefused("callTimeout", () -> builder.callTimeout(Duration.ofSeconds(Long.MAX_VALUE)));
        assertRefused("toolboxTimeout", () -> builder.toolboxTimeout(Duration.ofSeconds(Long.MAX_VALUE)));
        assertRefused("maxCalls", () -> builder.maxCalls(0));
        assertRefused("maxCommands", () -> builder.maxCommands(0));
    }

    @Test
    @SuppressWarnings("NullAway") // what callers without such a check may do
    void namesWhatIsNull() {
        DaytonaBackendBuilder builder = DaytonaBackend.builder();
        assertNull("name", () -> builder.name(null));
        assertNull("apiKey", () -> builder.apiKey(null));
        assertNull("jwtToken", () -> builder.jwtToken(null, "o"));
        assertNull("organizationId", () -> builder.jwtToken("t", null));
        assertNull("apiUrl", () -> builder.apiUrl(null));
        assertNull("callTimeout", () -> builder.callTimeout(null));
        assertNull("toolboxTimeout", () -> builder.toolboxTimeout(null));
    }

    private static void assertNull(String setting, ThrowingCallable call) {
        assertThatNullPointerException().isThrownBy(call).withMessage(setting);
    }
}
