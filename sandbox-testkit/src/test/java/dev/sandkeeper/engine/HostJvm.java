package dev.sandkeeper.engine;

import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A host in a JVM of its own. It must end when its standard input does, so that it never outlives the test. */
final class HostJvm implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Process process;
    private final BufferedReader output;
    private final Path errors;
    /** Lets a stopped JVM go on when its own input ends, as when the test dies; else that one would stay for ever. */
    private @Nullable Process guard;

    HostJvm(Path directory, String name, Class<?> main, List<String> options, String... arguments) throws IOException {
        errors = directory.resolve(name + ".err");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // what the JVM itself says would come between the lines of the program
                "-XX:+DisplayVMOutputToStderr",
                "-Xlog:disable",
                "-Xlog:all=warning:stderr",
                "-Xshare:auto",
                "-Xmx192m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir")));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        output = process.inputReader(StandardCharsets.UTF_8);
    }

    /** The first step of a host's program: what nobody catches ends its JVM, so that nobody waits for its word. */
    static void endOnFaults() {
        Thread.setDefaultUncaughtExceptionHandler((thread, fault) -> {
            fault.printStackTrace();
            Runtime.getRuntime().halt(1);
        });
    }

    /** What it says after that word; waits for it. */
    String read(String word) throws IOException {
        String line = output.readLine();
        while (line != null && !line.startsWith(word + " ")) {
            line = output.readLine();
        }
        if (line == null) {
            throw new IllegalStateException("the host ended before it said " + word + ": " + Files.readString(errors));
        }
        return line.substring(word.length() + 1);
    }

    /** Stops it as if its machine had: it does nothing until {@link #goOn}. */
    void stall() throws IOException {
        guard = new ProcessBuilder("sh", "-c", "kill -STOP $0; echo; read -r word; kill -CONT $0", "" + process.pid())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        guard.inputReader(StandardCharsets.US_ASCII).readLine();
        await().atMost(PATIENCE)
                .until(() -> Files.readString(Path.of("/proc/" + process.pid() + "/status"))
                        .contains("State:\tT"));
    }

    void goOn() {
        Process waiting = guard;
        guard = null;
        if (waiting != null) {
            try {
                waiting.getOutputStream().close();
                waiting.waitFor();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** With kill -9. */
    void kill() {
        process.destroyForcibly();
        await().atMost(PATIENCE).until(() -> !process.isAlive());
        goOn();
    }

    /** Lets it end by itself. */
    int end() throws IOException, InterruptedException {
        process.getOutputStream().close();
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new IllegalStateException("the host does not end: " + Files.readString(errors));
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        kill();
    }
}
