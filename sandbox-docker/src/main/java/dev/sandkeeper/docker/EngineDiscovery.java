package dev.sandkeeper.docker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the engine as the docker command does: DOCKER_HOST, else the context that DOCKER_CONTEXT or the configuration
 * names, else the default socket.
 */
final class EngineDiscovery {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, String> environment;
    private final Path configuration;

    EngineDiscovery(Map<String, String> environment, Path home) {
        this.environment = environment;
        String directory = variable("DOCKER_CONFIG");
        this.configuration = directory == null ? home.resolve(".docker") : Path.of(directory);
    }

    /** The directory of config.json, with the registries' credentials. */
    Path configuration() {
        return configuration;
    }

    EngineAddress find() {
        String host = variable("DOCKER_HOST");
        if (host != null) {
            return EngineAddress.parse(host, certificates(), "DOCKER_HOST");
        }
        String context = variable("DOCKER_CONTEXT");
        if (context == null) {
            JsonNode config = read(configuration.resolve("config.json"), false);
            context = config == null ? null : config.path("currentContext").asText(null);
        }
        if (context == null || context.isEmpty() || context.equals("default")) {
            return EngineAddress.unix(EngineAddress.DEFAULT_SOCKET);
        }
        return ofContext(context);
    }

    /** An address that the application named; the certificates still come from the environment. */
    EngineAddress of(String host) {
        return EngineAddress.parse(host, certificates(), "the builder's host");
    }

    private @Nullable Path certificates() {
        if (variable("DOCKER_TLS_VERIFY") == null) {
            return null;
        }
        String directory = variable("DOCKER_CERT_PATH");
        return directory == null ? configuration : Path.of(directory);
    }

    private EngineAddress ofContext(String context) {
        String digest = sha256(context);
        Path file = configuration.resolve("contexts/meta").resolve(digest).resolve("meta.json");
        JsonNode meta = read(file, true);
        JsonNode endpoint = meta == null ? null : meta.path("Endpoints").path("docker");
        String host = endpoint == null ? "" : endpoint.path("Host").asText("");
        if (endpoint == null || host.isEmpty()) {
            throw new BackendRejectedException(
                    Failure.of("engine_context_not_found", "docker context \"" + context + "\" is not in " + file)
                            .remedy("Choose one that \"docker context ls\" lists, or set DOCKER_HOST"));
        }
        if (endpoint.path("SkipTLSVerify").asBoolean(false)) {
            throw new BackendRejectedException(Failure.of(
                            "engine_address_unsupported",
                            "docker context \"" + context + "\" skips the verification of the engine's certificate")
                    .remedy("Give it a certificate authority: an engine that cannot prove itself is not used"));
        }
        Path certificates =
                configuration.resolve("contexts/tls").resolve(digest).resolve("docker");
        return EngineAddress.parse(
                host, Files.isDirectory(certificates) ? certificates : null, "docker context \"" + context + "\"");
    }

    private static @Nullable JsonNode read(Path file, boolean absentIsNamed) {
        try {
            return JSON.readTree(Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            if (!absentIsNamed && !Files.isReadable(file)) {
                return null;
            }
            throw new BackendRejectedException(
                    Failure.of("engine_configuration_unreadable", "docker's configuration " + file + " cannot be read")
                            .remedy("Repair or remove it, or set DOCKER_HOST")
                            .cause(e));
        }
    }

    private @Nullable String variable(String name) {
        String value = environment.get(name);
        return value == null || value.isEmpty() ? null : value;
    }

    private static String sha256(String text) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
