package dev.sandkeeper.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.ProviderState;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineDiscoveryTest {
    @TempDir
    Path home;

    private EngineAddress find(Map<String, String> environment) {
        return new EngineDiscovery(environment, home).find();
    }

    private Path docker() throws IOException {
        return Files.createDirectories(home.resolve(".docker"));
    }

    private void context(String name, String meta, boolean tls) throws Exception {
        String digest = HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8)));
        Path directory = Files.createDirectories(docker().resolve("contexts/meta/" + digest));
        Files.writeString(directory.resolve("meta.json"), meta);
        if (tls) {
            Files.createDirectories(docker().resolve("contexts/tls/" + digest + "/docker"));
        }
    }

    private void assertRefused(String code, Map<String, String> environment, String words) {
        assertThatThrownBy(() -> find(environment)).isInstanceOfSatisfying(BackendRejectedException.class, e -> {
            assertThat(e.code()).isEqualTo(code);
            assertThat(e.remedy()).isPresent();
            assertThat(e.getMessage()).contains(words);
        });
    }

    @Test
    void usesTheDefaultSocketWhereNothingIsSaid() {
        assertThat(find(Map.of())).hasToString("unix:///var/run/docker.sock");
        assertThat(find(Map.of("DOCKER_HOST", ""))).hasToString("unix:///var/run/docker.sock");
    }

    @Test
    void prefersTheHostOfTheEnvironmentToEveryContext() throws Exception {
        Files.writeString(docker().resolve("config.json"), "{\"currentContext\":\"missing\"}");
        Map<String, String> both = Map.of("DOCKER_HOST", "tcp://engine:1234", "DOCKER_CONTEXT", "missing");
        assertThat(find(both)).hasToString("tcp://engine:1234");
        assertThat(find(both).certificates()).isNull();
    }

    @Test
    void followsTheContextOfTheEnvironmentOrTheConfiguration() throws Exception {
        context("mine", "{\"Endpoints\":{\"docker\":{\"Host\":\"unix:///run/mine.sock\"}}}", false);
        context("far", "{\"Endpoints\":{\"docker\":{\"Host\":\"tcp://far\"}}}", true);
        Files.writeString(docker().resolve("config.json"), "{\"currentContext\":\"mine\"}");
        assertThat(find(Map.of())).hasToString("unix:///run/mine.sock");
        EngineAddress far = find(Map.of("DOCKER_CONTEXT", "far"));
        assertThat(far).hasToString("tcp://far:2376");
        assertThat(far.certificates()).isDirectory();
        assertThat(find(Map.of("DOCKER_CONTEXT", "default"))).hasToString("unix:///var/run/docker.sock");
        assertRefused("engine_context_not_found", Map.of("DOCKER_CONTEXT", "none"), "none");
    }

    @Test
    void usesTlsAsTheEnvironmentSays() {
        Map<String, String> tls =
                Map.of("DOCKER_HOST", "tcp://engine", "DOCKER_TLS_VERIFY", "1", "DOCKER_CERT_PATH", "/certs");
        assertThat(find(tls)).isEqualTo(new EngineAddress(null, "engine", 2376, Path.of("/certs")));
        assertThat(find(Map.of("DOCKER_HOST", "tcp://engine", "DOCKER_TLS_VERIFY", "1"))
                        .certificates())
                .isEqualTo(home.resolve(".docker"));
    }

    @Test
    void refusesByNameWhatIsNotBuilt() throws Exception {
        assertRefused("engine_address_unsupported", Map.of("DOCKER_HOST", "ssh://me@host"), "ssh://");
        assertRefused("engine_address_unsupported", Map.of("DOCKER_HOST", "npipe:////./pipe/docker_engine"), "npipe");
        assertRefused("engine_address_unsupported", Map.of("DOCKER_HOST", "gopher://x"), "gopher");
        assertRefused("engine_address_unsupported", Map.of("DOCKER_HOST", "not a uri"), "not a uri");
        context("careless", "{\"Endpoints\":{\"docker\":{\"Host\":\"tcp://x\",\"SkipTLSVerify\":true}}}", false);
        assertRefused("engine_address_unsupported", Map.of("DOCKER_CONTEXT", "careless"), "certificate");
    }

    @Test
    void namesAConfigurationThatIsBroken() throws Exception {
        Files.writeString(docker().resolve("config.json"), "{not json");
        assertRefused("engine_configuration_unreadable", Map.of(), "config.json");
    }

    @Test
    void saysWhatToDoWhereThereIsNoEngine() {
        try (DockerBackend backend = DockerBackend.builder()
                .host("unix://" + home.resolve("nobody.sock"))
                .build()) {
            assertThatThrownBy(() -> backend.create(
                            TestEngine.request("none", SandboxSpec.builder().build())))
                    .isInstanceOfSatisfying(BackendUnavailableException.class, e -> {
                        assertThat(e.code()).isEqualTo("engine_unreachable");
                        assertThat(e.remedy())
                                .hasValueSatisfying(
                                        remedy -> assertThat(remedy).contains("Start Docker", "DOCKER_HOST"));
                    });
            assertThat(backend.health().usable()).isFalse();
            assertThat(backend.health().detail()).contains("nobody.sock");
            assertThat(backend.state("anything")).isEqualTo(ProviderState.UNKNOWN);
        }
    }

    @Test
    void explainsASocketThatMayNotBeUsed() {
        Faults faults = new Faults("docker", EngineAddress.unix(EngineAddress.DEFAULT_SOCKET));
        assertThat(faults.unreachable("reach the engine", new SocketException("Permission denied")))
                .isInstanceOfSatisfying(BackendRejectedException.class, e -> {
                    assertThat(e.code()).isEqualTo("engine_permission_denied");
                    assertThat(e.remedy())
                            .hasValueSatisfying(remedy -> assertThat(remedy).contains("group"));
                });
    }

    @Test
    void agreesOnAVersionThatBothSidesKnow() {
        Faults faults = new Faults("docker", EngineAddress.unix(EngineAddress.DEFAULT_SOCKET));
        assertThat(ApiVersion.agree("1.41", faults)).hasToString("1.41");
        assertThat(ApiVersion.agree("1.44", faults)).hasToString("1.44");
        assertThat(ApiVersion.agree("1.99", faults)).isEqualTo(ApiVersion.NEWEST);
        assertThatThrownBy(() -> ApiVersion.agree("1.40", faults)).hasMessageContaining("20.10");
        assertThatThrownBy(() -> ApiVersion.agree("", faults)).hasMessageContaining("no Docker engine");
    }
}
