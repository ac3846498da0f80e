package dev.sandkeeper.fly;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.net.URI;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FlyBackendBuilderTest {
    private static FlyBackendBuilder builder() {
        return FlyBackend.builder("fm2_0", "sandboxes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "A", "a_b", "-a", "a-", "-", "a b"})
    void anAppIsAName(String app) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FlyBackend.builder("fm2_0", app))
                .withMessageStartingWith("app must be");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ftp://x", "/x", "mailto:x", "http://u:hidden@h", "http://:hidden@h", "http://h?x=hidden"})
    void anAddressHoldsNothingThatMightBeASecret(String url) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().url(URI.create(url)))
                .withMessageStartingWith("url must be")
                .withMessageNotContaining("hidden");
    }

    @Test
    @SuppressWarnings("NullAway") // what callers without such a check may do
    void namesWhatIsNull() {
        assertNull("token", () -> FlyBackend.builder(null, "sandboxes"));
        assertNull("app", () -> FlyBackend.builder("fm2_0", null));
        assertNull("name", () -> builder().name(null));
        assertNull("url", () -> builder().url(null));
        assertNull("regions", () -> builder().regions((String[]) null));
        assertNull("regions", () -> builder().regions("iad", null));
        assertNull("cpuKind", () -> builder().cpuKind(null));
        assertNull("user", () -> builder().user(null, 1));
        assertNull("expiryHorizon", () -> builder().expiryHorizon(null));
    }

    private static void assertNull(String setting, ThrowingCallable call) {
        assertThatNullPointerException().isThrownBy(call).withMessage(setting);
    }
}
