package dev.sandkeeper.e2b;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sandkeeper.e2b.SignedUrls.Operation;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SignedUrlsTest {
    private static final String TOKEN = "tok-isim0000000000000001";
    private static final Clock CLOCK = Clock.fixed(Instant.ofEpochSecond(1_795_248_000, 1), ZoneOffset.UTC);
    private static final Duration DAY = Duration.ofHours(24);

    private static SignedUrls urls(@Nullable HttpUrl all) {
        return new SignedUrls(new EnvdAddress("e2b.app", all), CLOCK, DAY);
    }

    private static HttpUrl url(SignedUrls urls, @Nullable String domain, String path) {
        Wire.Sandbox sandbox = new Wire.Sandbox("i1", null, domain, null, TOKEN, "running", null, null, null);
        return HttpUrl.get(urls.of("i1", sandbox, TOKEN, urls.wanted(Operation.READ, path, Duration.ofSeconds(314)))
                .toString());
    }

    @Test
    void signsAsTheServicesOwnToolsDo() {
        assertThat(SignedUrls.signature("/home/user/a.txt", Operation.READ, "user", TOKEN, "1795248315"))
                .isEqualTo("v1_AguMZJycQY560WvZq7x6CzOIMuu0XaeSAROtf0v80aM");
        assertThat(SignedUrls.signature("/home/user/a.txt", Operation.WRITE, "", TOKEN, ""))
                .isEqualTo("v1_CO56n4BZkScRyVEbBfyuqnZOy3Ddi3GBZvtqYks883A");
    }

    @Test
    void namesAPathOfTheWorkspaceAnEndInSecondsAndNoUser() {
        HttpUrl url = url(urls(null), null, "a/../b c+&=%2F\u00fc.txt");
        assertThat(url.queryParameterNames()).containsExactly("path", "signature", "signature_expiration");
        assertThat(url.queryParameter("path")).isEqualTo("/workspace/b c+&=%2F\u00fc.txt");
        assertThat(url.queryParameter("signature_expiration")).isEqualTo("1795248315");
        assertThat(url.queryParameter("signature"))
                .isEqualTo(SignedUrls.signature(
                        "/workspace/b c+&=%2F\u00fc.txt", Operation.READ, "", TOKEN, "1795248315"));
        assertThat(url.encodedQuery()).doesNotContain("+").doesNotContain(" ");
        assertThat(url(urls(null), null, "/etc/../x").queryParameter("path")).isEqualTo("/etc/../x");
    }

    @Test
    void isNeverOfTheHostThatIsToldTheSandboxByHeaders() {
        assertThat(url(urls(null), null, "a").toString()).startsWith("https://49983-i1.e2b.app/files?path=");
        assertThat(url(urls(null), "e2b.dev", "a").toString()).startsWith("https://49983-i1.e2b.dev/files?path=");
        assertThat(url(urls(null), "own.example.org", "a").toString())
                .startsWith("https://49983-i1.own.example.org/files?path=");
        assertThat(url(urls(HttpUrl.get("http://127.0.0.1:9/x")), "e2b.dev", "a")
                        .toString())
                .startsWith("http://127.0.0.1:9/x/files?path=");
    }

    @Test
    void refusesTimesAndPathsThatCannotBe() {
        SignedUrls urls = urls(null);
        for (Duration time : new Duration[] {Duration.ZERO, Duration.ofSeconds(-1), DAY.plusNanos(1)}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> urls.wanted(Operation.READ, "a", time))
                    .withMessageContaining("validFor")
                    .withMessageContaining(time.toString())
                    .withMessageContaining("PT24H");
        }
        for (String path : new String[] {"", "../a", "a\0b", "a\udc80"}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> urls.wanted(Operation.WRITE, path, DAY))
                    .withMessageContaining("path");
        }
    }
}
