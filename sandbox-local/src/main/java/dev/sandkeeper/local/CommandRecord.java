package dev.sandkeeper.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a command's own processes write of it: a line of ours with nsenter's number, start and when it is due, then what
 * bubblewrap says in JSON: the number of the first process of the command's namespace as the holder's counts it, and the exit code
 * if the program was started at all.
 */
final class CommandRecord {
    private static final Pattern CHILD = Pattern.compile("\"child-pid\": (\\d+)");
    private static final Pattern EXIT = Pattern.compile("\"exit-code\": (\\d+)");

    private final Path file;
    private final ProcessIdentity holder;
    private volatile String text = "";

    CommandRecord(Path file, ProcessIdentity holder) {
        this.file = file;
        this.holder = holder;
    }

    Path file() {
        return file;
    }

    boolean holderAlive() {
        return holder.alive();
    }

    /** How the program ended; empty if it did not start, or has not ended. */
    OptionalInt exitCode() {
        Matcher matcher = EXIT.matcher(read());
        return matcher.find() ? OptionalInt.of(Integer.parseInt(matcher.group(1))) : OptionalInt.empty();
    }

    /** The process that has entered the sandbox, or what it was. */
    Optional<ProcessIdentity> entered() {
        String line = read().lines().findFirst().orElse("");
        String[] parts = line.split(" ", -1);
        return parts.length == 3
                ? Optional.of(new ProcessIdentity(Long.parseLong(parts[0]), Long.parseLong(parts[1])))
                : Optional.empty();
    }

    /**
     * The first process of the command's namespace, if it runs. While the main process does, it is nsenter's grandchild; afterwards
     * the holder's child with the number that bubblewrap has told.
     */
    Optional<ProcessIdentity> first() {
        Optional<ProcessIdentity> nsenter = entered().filter(ProcessIdentity::alive);
        if (nsenter.isPresent()) {
            return Proc.children(nsenter.get().pid()).stream()
                    .flatMap(bubblewrap -> Proc.children(bubblewrap).stream())
                    .filter(pid -> isFirst(Proc.namespacePids(pid)))
                    .flatMap(pid -> Proc.identify(pid).stream())
                    .findFirst()
                    .or(this::orphan);
        }
        return orphan();
    }

    /** Keeps what is known and removes the file. */
    void close() throws IOException {
        read();
        Files.deleteIfExists(file);
    }

    private Optional<ProcessIdentity> orphan() {
        Matcher matcher = CHILD.matcher(read());
        if (!matcher.find() || !holder.alive()) {
            return Optional.empty();
        }
        OptionalLong told = OptionalLong.of(Long.parseLong(matcher.group(1)));
        return Proc.children(holder.pid()).stream()
                .filter(pid -> {
                    List<Long> numbers = Proc.namespacePids(pid);
                    return isFirst(numbers) && numbers.get(numbers.size() - 2) == told.getAsLong();
                })
                .flatMap(pid -> Proc.identify(pid).stream())
                .findFirst();
    }

    static boolean isFirst(List<Long> numbers) {
        return numbers.size() >= 3 && numbers.get(numbers.size() - 1) == 1;
    }

    private String read() {
        String now = Io.readIfExists(file);
        if (now != null) {
            text = now;
        }
        return text;
    }
}
