package dev.sandkeeper.e2b;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.SecretWatch;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.MultipartBody;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files of a sandbox, fetched and put by somebody who has a URL and no key. */
@Needs(Component.BUBBLEWRAP)
@Timeout(60)
class SignedFilesTest {
    private static final Duration TIME = Duration.ofMinutes(5);
    private static final MediaType BYTES = MediaType.get("application/octet-stream");

    @TempDir
    Path state;

    private final OkHttpClient anybody = new OkHttpClient();
    private Simulated simulated;
    private E2bBackend backend;
    private BackendSandbox sandbox;
    private String ref;

    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else
    SignedFilesTest() {}

    @BeforeEach
    void start() {
        simulated = Simulated.byLocal(state);
        backend = simulated.backend();
        sandbox = backend.create(new ProvisionRequest(
                "signed",
                SandboxId.generate(1),
                Instant.ofEpochMilli(5),
                null,
                SandboxSpec.builder().build(),
                Map.of(),
                text -> {}));
        ref = sandbox.providerRef();
    }

    @AfterEach
    void stop() {
        anybody.dispatcher().executorService().shutdown();
        anybody.connectionPool().evictAll();
        backend.close();
        simulated.close();
    }

    private record Told(int status, String text) {}

    private Told ask(HttpUrl url, @Nullable RequestBody body) throws IOException {
        Request request = body == null
                ? new Request.Builder().url(url).build()
                : new Request.Builder().url(url).post(body).build();
        try (Response response = anybody.newCall(request).execute()) {
            return new Told(response.code(), response.body().string());
        }
    }

    private Told ask(URI url, @Nullable RequestBody body) throws IOException {
        return ask(Objects.requireNonNull(HttpUrl.get(url)), body);
    }

    private void write(String path, String text) {
        sandbox.files().write(path, new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), -1);
    }

    private String read(String path) throws IOException {
        try (InputStream content = sandbox.files().read(path)) {
            return new String(content.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void anybodyFetchesAFile() throws IOException {
        write("/workspace/out/a b+c.txt", "fetched");
        assertThat(ask(backend.downloadUrl(ref, "out/a b+c.txt", TIME), null)).isEqualTo(new Told(200, "fetched"));
        assertThat(ask(backend.downloadUrl(ref, "/workspace/out/a b+c.txt", TIME), null))
                .isEqualTo(new Told(200, "fetched"));
        assertThat(ask(backend.downloadUrl(ref, "none", TIME), null).status()).isEqualTo(404);
    }

    @Test
    void anybodyPutsAFileWhichTheSandboxThenOwns() throws IOException {
        URI url = backend.uploadUrl(ref, "in/put.txt", TIME);
        assertThat(ask(url, RequestBody.create("put", BYTES)).status()).isEqualTo(200);
        assertThat(read("/workspace/in/put.txt")).isEqualTo("put");
        RequestBody form = new MultipartBody.Builder()
                .setType(MultipartBody.FORM)
                .addFormDataPart("file", "of the browser.txt", RequestBody.create("again", BYTES))
                .build();
        assertThat(ask(url, form).status()).isEqualTo(200);
        assertThat(read("/workspace/in/put.txt")).isEqualTo("again");
    }

    @Test
    void aUrlThatWasChangedOpensNothing() throws IOException {
        write("/workspace/a", "a");
        write("/workspace/b", "b");
        HttpUrl url = Objects.requireNonNull(HttpUrl.get(backend.downloadUrl(ref, "a", TIME)));
        HttpUrl other =
                url.newBuilder().setQueryParameter("path", "/workspace/b").build();
        HttpUrl later = url.newBuilder()
                .setQueryParameter("signature_expiration", "9999999999")
                .build();
        HttpUrl root = url.newBuilder().addQueryParameter("username", "root").build();
        for (HttpUrl changed : new HttpUrl[] {other, later, root}) {
            assertThat(ask(changed, null).status()).as(changed.encodedQuery()).isEqualTo(401);
        }
        assertThat(ask(url, RequestBody.create("mine", BYTES)).status()).isEqualTo(401);
        assertThat(ask(backend.uploadUrl(ref, "a", TIME), null).status()).isEqualTo(401);
        assertThat(ask(url, null)).isEqualTo(new Told(200, "a"));
    }

    @Test
    void aUrlEnds() throws IOException {
        write("/workspace/a", "a");
        Clock before = Clock.offset(Clock.systemUTC(), TIME.plusSeconds(5).negated());
        try (E2bBackend earlier = simulated.builder().clock(before).build()) {
            assertThat(ask(earlier.downloadUrl(ref, "a", TIME), null))
                    .satisfies(told -> assertThat(told.status()).isEqualTo(401))
                    .satisfies(told -> assertThat(told.text()).contains("expired"));
            assertThat(ask(earlier.uploadUrl(ref, "a", TIME), RequestBody.create("x", BYTES))
                            .status())
                    .isEqualTo(401);
            assertThat(ask(earlier.downloadUrl(ref, "a", TIME.plusMinutes(1)), null))
                    .isEqualTo(new Told(200, "a"));
        }
        assertThat(read("/workspace/a")).isEqualTo("a");
    }

    @Test
    void anotherJvmMakesTheSameUrlAndOneOfAnotherSandboxOpensNothingHere() throws IOException {
        write("/workspace/a", "a");
        try (E2bBackend other = simulated.backend()) {
            assertThat(ask(other.downloadUrl(ref, "a", TIME), null)).isEqualTo(new Told(200, "a"));
        }
        try (E2bBackend wrong = E2bBackend.builder(Simulated.KEY.replace("e2b_5", "e2b_6"))
                .apiUrl(simulated.simulator().uri().toString())
                .build()) {
            assertThatThrownBy(() -> wrong.downloadUrl(ref, "a", TIME)).isInstanceOf(BackendRejectedException.class);
        }
    }

    @Test
    void aSandboxThatIsGoneHasNone() throws IOException {
        write("/workspace/a", "a");
        URI before = backend.downloadUrl(ref, "a", TIME);
        backend.destroy(ref);
        assertThatThrownBy(() -> backend.downloadUrl(ref, "a", TIME)).isInstanceOf(SandboxGoneException.class);
        assertThatThrownBy(() -> backend.uploadUrl("i0", "a", TIME)).isInstanceOf(SandboxGoneException.class);
        assertThat(ask(before, null).status()).isBetween(400, 599);
    }

    @Test
    void whatIsLoggedOpensNoFile() {
        write("/workspace/named-in-the-url", "a");
        try (SecretWatch watch = SecretWatch.of("v1_", "signature=", "named-in-the-url")) {
            for (int i = 0; i < 20; i++) {
                backend.downloadUrl(ref, "named-in-the-url", TIME);
                backend.uploadUrl(ref, "named-in-the-url", TIME);
            }
            watch.assertNowhere();
        }
    }
}
