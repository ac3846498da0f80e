package dev.sandkeeper.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the kernel says of processes (proc(5)). */
final class Proc {
    private static final Path ROOT = Path.of("/proc");
    /** PF_EXITING in the kernel's include/linux/sched.h. */
    private static final long EXITING = 0x4;

    private Proc() {}

    /** Differs after each start of the host. */
    static String bootId() {
        String id = Io.readIfExists(ROOT.resolve("sys/kernel/random/boot_id"));
        return id == null ? "unknown" : id.strip();
    }

    /** The effective user of this JVM. */
    static int ownUid() throws IOException {
        return (Integer) Files.getAttribute(ROOT.resolve("self"), "unix:uid");
    }

    /** The signals that this JVM was started to ignore, as nohup does and a shell for what it starts with &: bit 0 is number 1. */
    static int ignoredSignals() {
        String status = Io.readIfExists(ROOT.resolve("self/status"));
        return status == null
                ? 0
                : status.lines()
                        .filter(line -> line.startsWith("SigIgn:"))
                        .mapToInt(line ->
                                (int) (Long.parseUnsignedLong(line.substring(7).strip(), 16) & Integer.MAX_VALUE))
                        .findFirst()
                        .orElse(0);
    }

    /** A process that is there: not one that has ended and only waits for its parent. */
    static Optional<ProcessIdentity> identify(long pid) {
        String[] fields = stat(pid);
        if (fields == null || fields[0].equals("Z") || fields[0].equals("X")) {
            return Optional.empty();
        }
        return Optional.of(new ProcessIdentity(pid, Long.parseLong(fields[19])));
    }

    /** Whether a process has begun to end: the first one of a namespace ends after all others in it. */
    static boolean ending(long pid) {
        String[] fields = stat(pid);
        return fields == null || (Long.parseLong(fields[6]) & EXITING) != 0;
    }

    /** The children of a process that has one thread. */
    static List<Long> children(long pid) {
        String text = Io.readIfExists(ROOT.resolve(pid + "/task/" + pid + "/children"));
        if (text == null || text.isBlank()) {
            return List.of();
        }
        return Arrays.stream(text.strip().split(" ", -1)).map(Long::valueOf).toList();
    }

    /** The numbers of a process in its process namespaces, from this JVM's to its own; empty if there is none. */
    static List<Long> namespacePids(long pid) {
        String status = Io.readIfExists(ROOT.resolve(pid + "/status"));
        if (status == null) {
            return List.of();
        }
        return status.lines()
                .filter(line -> line.startsWith("NSpid:"))
                .flatMap(line -> Arrays.stream(line.substring(6).strip().split("\\s+", -1)))
                .map(Long::valueOf)
                .toList();
    }

    /** All processes with that argument in their command line. */
    static List<ProcessIdentity> withArgument(String argument) {
        List<ProcessIdentity> found = new ArrayList<>();
        for (ProcessArguments process : all()) {
            if (process.arguments().contains(argument)) {
                identify(process.pid()).ifPresent(found::add);
            }
        }
        return found;
    }

    /** All processes that this JVM may look at. */
    static List<ProcessArguments> all() {
        List<ProcessArguments> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(ROOT, "[0-9]*")) {
            for (Path entry : entries) {
                String text = Io.readIfExists(entry.resolve("cmdline"));
                if (text != null && !text.isEmpty()) {
                    long pid = Long.parseLong(entry.getFileName().toString());
                    found.add(new ProcessArguments(pid, List.of(text.split("\0", -1))));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    /** The fields of stat from the third on: the second may have anything in it. */
    private static String @Nullable [] stat(long pid) {
        String text = Io.readIfExists(ROOT.resolve(pid + "/stat"));
        if (text == null) {
            return null;
        }
        return text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
    }

    /** A process and how it was called. */
    record ProcessArguments(long pid, List<String> arguments) {}
}
