package dev.sandkeeper.store;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What tests do in a JVM of its own: the first argument says what, the second in which directory. */
final class StoreChild {
    private StoreChild() {}

    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[1]);
        switch (arguments[0]) {
            case "insert" -> insertForEver(directory);
            case "hold" -> hold(directory);
            case "look" -> look(directory);
            case "fill" -> fill(directory);
            case "at" -> at(System.getProperty("url"));
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    /** Prints each id once its insert has returned. */
    private static void insertForEver(Path directory) {
        SandboxRows rows = SandboxStore.embedded(directory).rows();
        for (int i = 0; i < 4; i++) {
            new Thread(() -> {
                        while (true) {
                            SandboxId id = rows.insert(Rows.row()).id();
                            System.out.println(id);
                        }
                    })
                    .start();
        }
    }

    private static void hold(Path directory) throws IOException {
        try (SandboxStore store = SandboxStore.embedded(directory);
                BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            System.out.println(store.rows().insert(Rows.row()).id());
            in.readLine();
        }
    }

    private static void look(Path directory) {
        try (SandboxStore store = SandboxStore.embedded(directory)) {
            System.out.println("ids " + ids(store));
        } catch (SandboxException e) {
            System.out.println(e.code() + " " + e.getMessage());
        }
    }

    private static void at(String url) {
        try (SandboxStore store = SandboxStore.at(url, null, null)) {
            SandboxId id = store.rows().insert(Rows.row()).id();
            System.out.println("found " + store.rows().find(id).isPresent());
        } catch (SandboxException e) {
            System.out.println(e.code() + " " + e.getMessage());
        }
    }

    /** Fills a small disk, makes room and goes on. */
    private static void fill(Path disk) throws IOException {
        Path ballast = Files.write(disk.resolve("ballast"), new byte[4 << 20]);
        Path directory = disk.resolve("store");
        List<SandboxId> acknowledged = new ArrayList<>();
        try (SandboxStore store = SandboxStore.embedded(directory)) {
            while (true) {
                acknowledged.add(store.rows().insert(big()).id());
            }
        } catch (SandboxException e) {
            System.out.println("first " + e.code());
        }
        try (SandboxStore store = SandboxStore.embedded(directory)) {
            for (int i = 0; i < 10_000; i++) {
                acknowledged.add(store.rows().insert(big()).id());
            }
        } catch (SandboxException e) {
            System.out.println("again " + e.code());
        }
        Files.delete(ballast);
        try (SandboxStore store = SandboxStore.embedded(directory)) {
            acknowledged.add(store.rows().insert(Rows.row()).id());
            System.out.println("after " + ids(store).containsAll(acknowledged));
        }
    }

    private static SandboxRow big() {
        return Rows.row(SandboxId.generate(1), "ann", Map.of("text", "x".repeat(255)));
    }

    private static List<SandboxId> ids(SandboxStore store) {
        return store.rows().list(SandboxRows.RowFilter.ALL, null, 100_000).stream()
                .map(SandboxRow::id)
                .toList();
    }

    /** The command of a JVM that runs this class. */
    static List<String> command(String what, Path directory, String... options) {
        return command(System.getProperty("java.class.path"), what, directory, options);
    }

    static List<String> command(String classPath, String what, Path directory, String... options) {
        return Stream.of(
                        Stream.of(Path.of(System.getProperty("java.home"), "bin", "java")
                                .toString()),
                        Stream.of(options),
                        Stream.of(
                                "-Xmx256m",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                classPath,
                                StoreChild.class.getName(),
                                what,
                                directory.toString()))
                .flatMap(parts -> parts)
                .toList();
    }

    /** Runs a command to its end and gives all it printed. */
    static String output(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var in = process.getInputStream()) {
            process.getOutputStream().close();
            String output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            int exit = process.waitFor();
            return exit == 0 ? output : output + "exit " + exit;
        } finally {
            process.destroyForcibly();
        }
    }
}
