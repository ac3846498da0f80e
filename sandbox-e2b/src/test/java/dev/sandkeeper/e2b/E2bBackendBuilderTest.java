package dev.sandkeeper.e2b;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class E2bBackendBuilderTest {
    private static E2bBackendBuilder builder() {
        return E2bBackend.builder("e2b_0");
    }

    private static void assertRefused(String setting, ThrowingCallable call) {
        assertThatIllegalArgumentException()
                .isThrownBy(call)
                .withMessageStartingWith(setting + " must be")
                .withMessageNotContaining("hidden");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "http://x",
                "x/y",
                "u:hidden@h",
                "a b",
                "a..b",
                "-a",
                "a-",
                ".a",
                "a\nb",
                "e2b.app:99999",
                "a?b"
            })
    void aDomainIsAHostName(String domain) {
        assertRefused("domain", () -> builder().domain(domain));
    }

    @ParameterizedTest
    @ValueSource(strings = {"e2b.app", "localhost", "E2B.internal.example", "e2b.example:3443"})
    void aDomainMayBeOnesOwn(String domain) {
        assertThatCode(() -> builder().domain(domain).build().close()).doesNotThrowAnyException();
    }

    @Test
    void refusesSettingsThatCannotBe() {
        assertRefused("apiKey", () -> E2bBackend.builder("hidden\nkey"));
        assertRefused("name", () -> builder().name("a\nb"));
        assertRefused("template", () -> builder().template(""));
        assertRefused("template", () -> builder().template("a b"));
        assertRefused("maxCalls", () -> builder().maxCalls(0));
        assertRefused("maxCommands", () -> builder().maxCommands(0));
        assertRefused("callTimeout", () -> builder().callTimeout(Duration.ZERO));
        assertRefused("callTimeout", () -> builder().callTimeout(Duration.ofSeconds(Long.MAX_VALUE)));
        assertRefused("longestRun", () -> builder().longestRun(Duration.ofSeconds(Long.MAX_VALUE)));
        assertRefused("apiUrl", () -> builder().apiUrl("http://u:hidden@h"));
        assertRefused("sandboxUrl", () -> builder().sandboxUrl("http://h?x=hidden"));
    }

    @Test
    @SuppressWarnings("NullAway") // what callers without such a check may do
    void namesWhatIsNull() {
        assertNull("apiKey", () -> E2bBackend.builder(null));
        assertNull("name", () -> builder().name(null));
        assertNull("domain", () -> builder().domain(null));
        assertNull("apiUrl", () -> builder().apiUrl(null));
        assertNull("sandboxUrl", () -> builder().sandboxUrl(null));
        assertNull("template", () -> builder().template(null));
        assertNull("longestRun", () -> builder().longestRun(null));
        assertNull("callTimeout", () -> builder().callTimeout(null));
        assertNull("clock", () -> builder().clock(null));
    }

    private static void assertNull(String setting, ThrowingCallable call) {
        assertThatNullPointerException().isThrownBy(call).withMessage(setting);
    }
}
