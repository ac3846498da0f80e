package dev.sandkeeper.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The programs of the host that are used, by absolute path. */
final class Tools {
    private static final Logger LOG = LoggerFactory.getLogger(Tools.class);

    /** What our own programs search; the caller's PATH may lead anywhere. */
    static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static final Map<String, String> PACKAGES = packages();

    private final Map<String, String> paths;
    private final List<String> missing;

    private Tools(Map<String, String> paths, List<String> missing) {
        this.paths = paths;
        this.missing = missing;
    }

    /** Looks for all of them. */
    static Tools find(String searchPath) {
        Map<String, String> found = new LinkedHashMap<>();
        List<String> missing = new ArrayList<>();
        for (String name : PACKAGES.keySet()) {
            locate(name, searchPath).ifPresentOrElse(path -> found.put(name, path), () -> missing.add(name));
        }
        return new Tools(found, missing);
    }

    /** The path of one that is there. */
    String path(String name) {
        String path = paths.get(name);
        if (path == null) {
            throw new IllegalStateException(name + " is missing");
        }
        return path;
    }

    /**
     * What a command line starts with so that the program hears what this JVM ignores: ignoring is inherited, and a program that
     * was born with it cannot tell.
     *
     * @param ignored the signals, as bits
     * @return nothing if it ignores none, or if env, before coreutils 8.31, cannot do it
     */
    List<String> hearing(int ignored) throws IOException {
        if (ignored == 0) {
            return List.of();
        }
        List<String> hearing = List.of(path("env"), "--default-signal");
        Process tried = new ProcessBuilder(
                        Stream.concat(hearing.stream(), Stream.of(path("env"))).toList())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            if (tried.waitFor() == 0) {
                return hearing;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        LOG.warn(
                "this JVM ignores signals, as after nohup, and so will commands: env of this host has no --default-signal");
        return List.of();
    }

    /** What to do about those that are not there; nothing if all are. */
    Optional<String> remedy() {
        if (missing.isEmpty()) {
            return Optional.empty();
        }
        String name = missing.get(0);
        return Optional.of(name + " was not found on PATH: install the package \"" + PACKAGES.get(name)
                + "\", for example with apt-get");
    }

    private static Optional<String> locate(String name, String searchPath) {
        for (String directory : searchPath.split(":", -1)) {
            if (directory.startsWith("/")) {
                Path candidate = Path.of(directory, name);
                if (Files.isExecutable(candidate) && !Files.isDirectory(candidate)) {
                    return Optional.of(candidate.toString());
                }
            }
        }
        return Optional.empty();
    }

    private static Map<String, String> packages() {
        Map<String, String> packages = new LinkedHashMap<>();
        packages.put("bwrap", "bubblewrap");
        for (String tool : List.of("unshare", "nsenter", "setpriv", "setsid")) {
            packages.put(tool, "util-linux");
        }
        packages.put("mount", "mount");
        for (String tool : List.of("dd", "stat", "sleep", "mkdir", "env")) {
            packages.put(tool, "coreutils");
        }
        packages.put("sh", "dash");
        return packages;
    }
}
