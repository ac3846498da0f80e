package dev.sandkeeper.chaos;

import dev.sandkeeper.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Looks at the directory of the sandboxes, and at the processes and control groups of this machine. */
final class LocalWitness implements Witness {
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");
    private static final String ID = "([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})";

    private final Path directory;

    LocalWitness(Path directory) {
        this.directory = directory;
    }

    @Override
    public List<Resource> resources(String deployment) throws IOException {
        List<Resource> resources = new ArrayList<>();
        for (Path entry : entries(directory.resolve(deployment))) {
            add(resources, "directory " + entry, ID, entry.getFileName().toString());
        }
        // a jail's mounts name the directory that they come from, whatever its processes call themselves
        for (Path process : Processes.all()) {
            String mounts = Processes.read(process.resolve("mountinfo"));
            if (mounts.contains(deployment + "/")) {
                add(resources, "process " + process.getFileName(), Pattern.quote(deployment) + "/" + ID, mounts);
            }
        }
        List<Path> hierarchies = new ArrayList<>(entries(CGROUPS));
        hierarchies.add(CGROUPS);
        for (Path hierarchy : hierarchies) {
            for (Path group : entries(hierarchy.resolve("sandkeeper"))) {
                if (group.toString().contains(deployment)) {
                    add(resources, "control group " + group, ID, group.toString());
                }
            }
        }
        return resources;
    }

    private static void add(List<Resource> resources, String name, String pattern, String text) {
        Matcher id = Pattern.compile(pattern).matcher(text);
        resources.add(new Resource(name, id.find() ? SandboxId.of(id.group(1)) : null));
    }

    /** None where there is no such directory: others come and go meanwhile. */
    private static List<Path> entries(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    @Override
    public void close() {
        // there is nothing to end
    }
}
