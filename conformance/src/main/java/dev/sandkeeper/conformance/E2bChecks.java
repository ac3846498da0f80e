package dev.sandkeeper.conformance;

import dev.sandkeeper.conformance.OpenApiCheck.KnownError;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** E2B's descriptions of its control plane, of the daemon in its sandboxes and of that one's two services. */
public final class E2bChecks {
    private static final List<KnownError> CONTROL = List.of(
            new KnownError(
                    "what is asked for may be refused with a 400 on every route, which the file says of some only",
                    traffic -> traffic.status() == 400,
                    "Response status 400 not defined"),
            new KnownError(
                    "creating from an unknown template is a 404 in the server's code",
                    traffic -> traffic.route().startsWith("POST") && traffic.status() == 404,
                    "Response status 404 not defined"),
            new KnownError(
                    "deleting an unknown template is a 404 to E2B's own client, which the file does not list",
                    traffic -> traffic.route().startsWith("DELETE /templates") && traffic.status() == 404,
                    "Response status 404 not defined"),
            new KnownError(
                    "a busy or failing service answers 5xx anywhere",
                    traffic -> traffic.status() >= 500,
                    "not defined for path"),
            new KnownError(
                    "a rate limit may strike anywhere",
                    traffic -> traffic.status() == 429,
                    "Response status 429 not defined"));
    private static final List<KnownError> DAEMON = List.of(
            new KnownError(
                    "the type of a file that is read is guessed, as the server's code does",
                    traffic -> traffic.route().equals("GET /files") && traffic.status() < 300,
                    "Response Content-Type header"),
            new KnownError(
                    "the daemon sets no content type on what it answers to an upload, and Go guesses text",
                    traffic -> traffic.route().equals("POST /files") && traffic.status() == 200,
                    "Response Content-Type header"),
            new KnownError(
                    "multipart bodies with several files of one name are beyond the validator",
                    traffic -> traffic.route().equals("POST /files"),
                    "[Path '/file']"),
            new KnownError(
                    "a proxy in front answers 429, 502 and the like with bodies of its own",
                    traffic -> traffic.status() == 429 || traffic.status() >= 502,
                    "not defined for path"));

    private E2bChecks() {}

    /**
     * Reads the files.
     *
     * @param specs the directory that holds {@code openapi.yml} and {@code envd}
     * @return one check for each file
     * @throws IOException if one cannot be read
     */
    public static List<TrafficCheck> of(Path specs) throws IOException {
        return List.of(
                OpenApiCheck.of(
                        specs.resolve("openapi.yml"),
                        traffic -> isControl(traffic) && !isNewCreate(traffic),
                        E2bChecks::controlPath,
                        CONTROL),
                OpenApiCheck.of(specs.resolve("openapi.yml"), E2bChecks::isNewCreate, path -> "/sandboxes", CONTROL),
                OpenApiCheck.of(specs.resolve("envd/envd.yaml"), E2bChecks::isDaemon, path -> path, DAEMON),
                ProtoCheck.of(specs.resolve("envd/process/process.proto")),
                ProtoCheck.of(specs.resolve("envd/filesystem/filesystem.proto")));
    }

    private static boolean isControl(SimulatorTraffic traffic) {
        return traffic.requestHeader("E2b-Sandbox-Id").isEmpty()
                && !traffic.path().equals("/files")
                && !traffic.route().equals("none");
    }

    private static boolean isDaemon(SimulatorTraffic traffic) {
        return !isControl(traffic)
                && !traffic.route().equals("none")
                && !traffic.route().contains("{path*}")
                && !traffic.path().matches("/[a-z]+\\.[A-Z].*");
    }

    /** The second version of two routes is newer than the file, and shaped like the first. */
    private static boolean isNewCreate(SimulatorTraffic traffic) {
        return traffic.route().equals("POST /v2/sandboxes");
    }

    private static String controlPath(String path) {
        return path.replaceFirst("^/v2(/sandboxes/[^/]+/connect)$", "$1");
    }
}
