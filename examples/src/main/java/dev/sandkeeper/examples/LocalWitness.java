package dev.sandkeeper.examples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Looks at the processes and the control groups of this host, and at the directory of the sandboxes. */
final class LocalWitness implements Witness {
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

    private final Path directory;
    private final String deployment;

    LocalWitness(Path directory, String deployment) {
        this.directory = directory;
        this.deployment = deployment;
    }

    @Override
    public long processes(String text) {
        return processes(process -> contains(process.resolve("cmdline"), text)).size();
    }

    @Override
    public List<String> left() {
        List<String> left = new ArrayList<>();
        // A jail's mounts name the directory <deployment>/<id> that they come from, whatever its processes call
        // themselves.
        for (Path process : processes(process -> contains(process.resolve("cmdline"), deployment)
                || contains(process.resolve("mountinfo"), deployment))) {
            left.add("process " + process.getFileName());
        }
        for (Path file : entries(directory.resolve(deployment))) {
            left.add("directory " + file);
        }
        List<Path> hierarchies = new ArrayList<>(entries(CGROUPS));
        hierarchies.add(CGROUPS);
        for (Path hierarchy : hierarchies) {
            for (Path group : entries(hierarchy.resolve("sandkeeper"))) {
                if (group.getFileName().toString().contains(deployment)) {
                    left.add("control group " + group);
                }
            }
        }
        return left;
    }

    private static List<Path> processes(Predicate<Path> wanted) {
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            List<Path> found = new ArrayList<>();
            for (Path process : processes) {
                if (wanted.test(process)) {
                    found.add(process);
                }
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** None where there is no such directory: others come and go meanwhile. */
    private static List<Path> entries(Path directory) {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A process may end, or belong to somebody else, while one looks. */
    private static boolean contains(Path file, String text) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text);
        } catch (IOException e) {
            return false;
        }
    }
}
