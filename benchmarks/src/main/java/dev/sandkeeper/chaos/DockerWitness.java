package dev.sandkeeper.chaos;

import dev.sandkeeper.SandboxId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Asks the engine by the {@code docker} command, and the kernel for processes. */
final class DockerWitness implements Witness {
    private static final String LABEL = "dev.sandkeeper.sandbox";

    @Override
    public List<Resource> resources(String deployment) throws IOException, InterruptedException {
        List<Resource> resources = new ArrayList<>();
        String filter = "label=dev.sandkeeper.deployment=" + deployment;
        add(resources, "container ", "ps", "--all", "--filter", filter, "--format", format("Names"));
        add(resources, "volume ", "volume", "ls", "--filter", filter, "--format", format("Name"));
        add(resources, "network ", "network", "ls", "--filter", filter, "--format", format("Name"));
        return resources;
    }

    private static String format(String name) {
        return "{{." + name + "}} {{.Label \"" + LABEL + "\"}}";
    }

    private static void add(List<Resource> resources, String what, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("docker"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(command + " failed");
        }
        for (String line : output.lines().toList()) {
            String[] words = line.strip().split(" ", -1);
            resources.add(new Resource(what + words[0], words.length < 2 ? null : SandboxId.of(words[1])));
        }
    }

    @Override
    public void close() {
        // the engine is not this run's
    }
}
