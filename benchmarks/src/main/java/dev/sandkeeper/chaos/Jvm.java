package dev.sandkeeper.chaos;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/** How hosts are started: small, and soon, as there are thousands. */
final class Jvm {
    private final Path directory;
    private final String classPath;
    private final Path archive;

    /** Uses the directory for the hosts' temporary files and for what they load. */
    Jvm(Path directory) throws IOException {
        this.directory = directory;
        this.archive = directory.resolve("classes.jsa");
        List<String> jars = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            Path path = Path.of(entry);
            // an archive of loaded classes takes them from jars only
            jars.add(Files.isDirectory(path) ? pack(path, jars.size()).toString() : entry);
        }
        this.classPath = String.join(File.pathSeparator, jars);
    }

    private Path pack(Path classes, int number) throws IOException {
        Path jar = directory.resolve("classes-" + number + ".jar");
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file);
                Stream<Path> entries = Files.walk(classes)) {
            for (Path entry : entries.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(new JarEntry(classes.relativize(entry).toString()));
                Files.copy(entry, out);
                out.closeEntry();
            }
        }
        return jar;
    }

    /**
     * Starts a host that waits for its order.
     *
     * @param rehearsal whether it leaves what hosts load when it ends, so that others start sooner
     */
    Process start(Place place, Path errors, boolean rehearsal) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // what the JVM itself says would come between what the program says
                "-XX:+DisplayVMOutputToStderr",
                "-Xlog:disable",
                "-Xlog:all=error:stderr",
                // a file that a killed JVM leaves
                "-XX:-UsePerfData",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx96m",
                (rehearsal ? "-XX:ArchiveClassesAtExit=" : "-XX:SharedArchiveFile=") + archive,
                "-Djava.io.tmpdir=" + directory,
                "-Dlogback.configurationFile=logback.xml"));
        for (String property : List.of("log", "api.version")) {
            String value = System.getProperty(property);
            if (value != null) {
                command.add("-D" + property + "=" + value);
            }
        }
        command.addAll(
                List.of("-cp", classPath, Victim.class.getName(), place.backend(), place.store(), place.deployment()));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()))
                .start();
    }
}
