package dev.sandkeeper.conformance;

import dev.sandkeeper.conformance.OpenApiCheck.KnownError;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.nio.file.Path;
import java.util.List;

/** Daytona's descriptions of its control plane and of the daemon in its sandboxes. */
public final class DaytonaChecks {
    private static final String BULK_UPLOAD = "/files/bulk-upload";
    private static final List<KnownError> CONTROL = List.of(
            new KnownError(
                    "the file tells of next to no errors; their five fields are compared by themselves",
                    traffic -> traffic.status() >= 400,
                    "not defined for path"),
            new KnownError(
                    "of the errors that it tells of it describes no body",
                    traffic -> traffic.status() >= 400,
                    "No response body is expected"));
    private static final List<KnownError> DAEMON = List.of(
            new KnownError(
                    "the proxy in front of the daemon answers 401, 502 and the like, which is not the daemon's to describe",
                    traffic -> traffic.status() == 401 || traffic.status() == 502,
                    "not defined for path"),
            new KnownError(
                    "a command that was begun in the background has no output and no exit code yet, as the server's code says by nulls",
                    traffic -> traffic.route().endsWith("/exec") && traffic.status() == 202,
                    "Instance type (null)"),
            new KnownError(
                    "old clients get no streams apart, as the server's code says by nulls",
                    traffic -> traffic.route().endsWith("/exec"),
                    "/std"),
            new KnownError(
                    "of many files at once the file describes neither the form that goes up nor the answer",
                    traffic -> traffic.route().endsWith(BULK_UPLOAD) && traffic.status() == 200,
                    "body is expected but one was found"),
            new KnownError(
                    "what could not be written of many files is a list, in the server's code",
                    traffic -> traffic.route().endsWith(BULK_UPLOAD) && traffic.status() == 400,
                    "missing required properties"),
            new KnownError(
                    "a single file may come as it is, too, which newer clients do",
                    traffic -> traffic.route().endsWith("/files/upload-v2"),
                    "Request Content-Type header '[application/octet-stream]'"),
            new KnownError(
                    "addresses with a signature are newer than the file",
                    traffic -> traffic.query().contains("signature="),
                    "Query parameter"),
            new KnownError(
                    "an object of anything is described as one of objects",
                    traffic ->
                            traffic.method().equals("DELETE") && traffic.route().contains("/process/pty/"),
                    "[Path '/message']"));

    private DaytonaChecks() {}

    /**
     * Reads the files.
     *
     * @param specs the directory that holds {@code api.json} and {@code toolbox.json}
     * @return one check for each file
     */
    public static List<TrafficCheck> of(Path specs) {
        return List.of(
                new DaytonaErrorCheck(),
                OpenApiCheck.of(
                        specs.resolve("api.json"), DaytonaChecks::isControl, DaytonaChecks::controlPath, CONTROL),
                OpenApiCheck.of(
                        specs.resolve("toolbox.json"), DaytonaChecks::isDaemon, DaytonaChecks::daemonPath, DAEMON));
    }

    static boolean isControl(SimulatorTraffic traffic) {
        return traffic.route().contains(" /api/");
    }

    private static boolean isDaemon(SimulatorTraffic traffic) {
        // connecting to a terminal as it is made is newer than the file
        return traffic.route().contains(" /toolbox/") && !traffic.route().endsWith("/create-connect");
    }

    private static String controlPath(String path) {
        return path.substring("/api".length());
    }

    private static String daemonPath(String path) {
        return path.substring(path.indexOf('/', "/toolbox/".length()));
    }
}
