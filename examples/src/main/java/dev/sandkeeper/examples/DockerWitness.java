package dev.sandkeeper.examples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Asks the {@code docker} command. */
final class DockerWitness implements Witness {
    private final String filter;

    DockerWitness(String deployment) {
        this.filter = "label=dev.sandkeeper.deployment=" + deployment;
    }

    @Override
    public long processes(String text) {
        return docker("ps", "--quiet", "--filter", filter).stream()
                .flatMap(container -> docker("top", container, "-eo", "pid,args").stream())
                .filter(line -> line.contains(text))
                .count();
    }

    @Override
    public List<String> left() {
        List<String> left = new ArrayList<>();
        docker("ps", "--all", "--quiet", "--filter", filter).forEach(id -> left.add("container " + id));
        docker("volume", "ls", "--quiet", "--filter", filter).forEach(name -> left.add("volume " + name));
        docker("network", "ls", "--quiet", "--filter", filter).forEach(id -> left.add("network " + id));
        return left;
    }

    private static List<String> docker(String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker"));
        command.addAll(List.of(arguments));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int exitCode = process.waitFor();
            if (exitCode != 0) {
                throw new IllegalStateException(String.join(" ", command) + " exited with " + exitCode + ": " + output);
            }
            return output.lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "the docker command is needed to look at what is left: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while docker ran", e);
        }
    }
}
