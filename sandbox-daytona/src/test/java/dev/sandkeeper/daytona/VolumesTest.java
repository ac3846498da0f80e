package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.MediaType;
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

/** Volumes that somebody has made at Daytona. The simulator knows of them, but has no files in them. */
@Needs(Component.BUBBLEWRAP)
@Timeout(60)
class VolumesTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path state;

    private final OkHttpClient somebody = new OkHttpClient();
    private Simulated simulated;

    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else
    VolumesTest() {}

    @BeforeEach
    void start() {
        simulated = Simulated.byLocal(state);
    }

    @AfterEach
    void stop() {
        somebody.dispatcher().executorService().shutdown();
        somebody.connectionPool().evictAll();
        simulated.close();
    }

    private JsonNode control(String method, String path, @Nullable String body) throws IOException {
        Request request = new Request.Builder()
                .url(simulated.simulator().apiUrl() + path)
                .header("Authorization", "Bearer " + Simulated.KEY)
                .method(method, body == null ? null : RequestBody.create(body, MediaType.get("application/json")))
                .build();
        try (Response response = somebody.newCall(request).execute()) {
            return JSON.readTree(response.body().string());
        }
    }

    private String volume(String name) throws IOException {
        return control("POST", "/volumes", "{\"name\":\"" + name + "\"}")
                .path("id")
                .asText();
    }

    private String readyVolume(String name) throws IOException {
        String id = volume(name);
        await().until(() ->
                control("GET", "/volumes/" + id, null).path("state").asText().equals("ready"));
        return id;
    }

    private static ProvisionRequest request(long number) {
        return new ProvisionRequest(
                "volumes",
                SandboxId.generate(number),
                Instant.ofEpochMilli(5),
                null,
                SandboxSpec.builder().createTimeout(Duration.ofSeconds(30)).build(),
                Map.of(),
                text -> {});
    }

    private void refused(DaytonaBackend backend, String... words) {
        assertThatThrownBy(() -> backend.create(request(1)))
                .isInstanceOfSatisfying(BackendRejectedException.class, e -> {
                    assertThat(e.code()).isEqualTo("volume_unusable");
                    assertThat(e.remedy()).isPresent();
                })
                .satisfies(e -> assertThat(e.getMessage()).contains(words));
        assertThat(simulated.simulator().sandboxes()).isZero();
    }

    @Test
    void everySandboxHasThemAndNoneIsMadeOrDeleted() throws IOException {
        String cache = readyVolume("cache");
        String models = readyVolume("models");
        List<SimulatorTraffic> creates = new CopyOnWriteArrayList<>();
        simulated.listen(each -> {
            if (each.route().equals("POST /api/sandbox")) {
                creates.add(each);
            }
        });
        try (DaytonaBackend backend = simulated
                .builder()
                .volume("cache", "/data/cache")
                .volume(models, "/models")
                .build()) {
            for (int i = 1; i <= 2; i++) {
                String ref = backend.create(request(i)).providerRef();
                JsonNode mounts = control("GET", "/sandbox/" + ref, null).path("volumes");
                assertThat(mounts)
                        .isEqualTo(JSON.readTree("[{\"volumeId\":\"" + cache + "\",\"mountPath\":\"/data/cache\"},"
                                + "{\"volumeId\":\"" + models + "\",\"mountPath\":\"/models\"}]"));
                backend.destroy(ref);
            }
        }
        await().until(() -> creates.size() == 2);
        assertThat(creates)
                .allSatisfy(each -> assertThat(JSON.readTree(each.requestBody()).path("volumes"))
                        .isEqualTo(JSON.readTree("[{\"volumeId\":\"cache\",\"mountPath\":\"/data/cache\"},"
                                + "{\"volumeId\":\"" + models + "\",\"mountPath\":\"/models\"}]")));
        assertThat(control("GET", "/volumes", null)).hasSize(2);
    }

    @Test
    void oneThatIsNotThereIsNamedAndNothingIsMade() {
        try (DaytonaBackend backend =
                simulated.builder().volume("forgotten", "/data").build()) {
            refused(backend, "forgotten", "not found");
        }
    }

    @Test
    void oneThatIsNotReadyIsNamedAndNothingIsMade() throws IOException {
        simulated.simulator().faults().transitionsTake(Duration.ofHours(1));
        String slow = volume("slow");
        try (DaytonaBackend backend = simulated.builder().volume(slow, "/data").build()) {
            refused(backend, "slow", "not in a ready state");
        }
    }

    @Test
    void withoutAnyNothingIsSaidOfThem() throws IOException {
        List<byte[]> creates = new CopyOnWriteArrayList<>();
        simulated.listen(each -> {
            if (each.route().equals("POST /api/sandbox")) {
                creates.add(each.requestBody());
            }
        });
        try (DaytonaBackend backend = simulated.backend()) {
            backend.destroy(backend.create(request(1)).providerRef());
        }
        await().until(() -> creates.size() == 1);
        assertThat(JSON.readTree(creates.get(0)).has("volumes")).isFalse();
    }
}
