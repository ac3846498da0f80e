package dev.sandkeeper.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;

/** Shell scripts that are resources beside a class. */
public final class ShellScripts {
    private ShellScripts() {}

    /**
     * Reads one. Comments and indentation stay behind: it travels, and it shows in lists of processes.
     *
     * @param beside the class that it lies beside
     * @param name the resource
     * @return its lines, the last one ended too
     */
    public static String read(Class<?> beside, String name) {
        try (InputStream stream = beside.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException("the jar lacks " + name);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .collect(Collectors.joining("\n", "", "\n"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return functions that find programs and read what the kernel tells of processes} */
    public static String find() {
        return read(ShellScripts.class, "find.sh");
    }

    /** {@return functions that signal all processes of a command; to follow {@link #find()}} */
    public static String sweep() {
        return halt() + read(ShellScripts.class, "sweep.sh");
    }

    /** Functions that halt everything that a user runs, and continue it. */
    static String halt() {
        return read(ShellScripts.class, "halt.sh");
    }

    /**
     * A shell that runs one command after another, up to where a backend says how it knows what a command has left behind.
     *
     * @param functions what a backend adds before
     * @param opening what it adds at the end; prints the first record
     * @return the script for its input, after the assignments that {@code session.sh} names
     */
    public static String session(String functions, String opening) {
        return find() + functions + read(ShellScripts.class, "session.sh") + opening;
    }
}
