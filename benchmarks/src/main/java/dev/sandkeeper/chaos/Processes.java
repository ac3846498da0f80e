package dev.sandkeeper.chaos;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The processes of this machine, those in containers and jails too. */
final class Processes {
    private static final Pattern SLEEP = Pattern.compile("(?s)(?:.*[/\0])?sleep\0(\\d+)\0");

    private Processes() {}

    static Set<Account.Endless> running(Collection<Account.Endless> commands) throws IOException {
        if (commands.isEmpty()) {
            return Set.of();
        }
        Set<String> numbers = new HashSet<>();
        for (Path process : all()) {
            Matcher sleep = SLEEP.matcher(read(process.resolve("cmdline")));
            if (sleep.matches()) {
                numbers.add(sleep.group(1));
            }
        }
        return commands.stream().filter(each -> numbers.contains(each.number())).collect(Collectors.toSet());
    }

    static List<Path> all() throws IOException {
        List<Path> processes = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            entries.forEach(processes::add);
        }
        return processes;
    }

    /** Empty where the process has ended, or belongs to somebody else. */
    static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
