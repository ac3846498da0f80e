package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What the daemon does with files, done by small scripts in the sandbox so that its user's rights count. */
final class DaytonaFileTools {
    private static final String WRITE = "umask 022; mkdir -p -- \"$(dirname -- \"$1\")\" || exit 1; exec cat > \"$1\"";
    private static final String ABSENT = "[ -e \"$1\" ] || [ -L \"$1\" ] || { stat -- \"$1\"; exit 1; }; ";

    private final DaytonaGuest guest;

    DaytonaFileTools(DaytonaGuest guest) {
        this.guest = guest;
    }

    DaytonaFileFacts facts(String path) throws InterruptedException {
        String absolute = guest.absolute(path);
        DaytonaRun run = guest.script("exec stat -L -c '" + DaytonaFileFacts.FORMAT + "' -- \"$1\"", absolute);
        check(run, path);
        return DaytonaFileFacts.parse(run.text(), absolute);
    }

    /** What is in a directory, so many levels deep, sorted by path. */
    List<DaytonaFileFacts> list(String path, long depth) throws InterruptedException {
        String absolute = guest.absolute(path);
        DaytonaRun run = guest.script(
                "stat -L -- \"$1\" >/dev/null || exit 1; [ -d \"$1\" ] || exit 9; cd -- \"$1\" && exec find . -mindepth 1 -maxdepth "
                        + depth + " -exec stat -c '" + DaytonaFileFacts.FORMAT + "' -- {} +",
                absolute);
        if (run.exitCode() == 9) {
            throw DaytonaRefusal.bad("bad request: readdirent " + path + ": not a directory");
        }
        check(run, path);
        String base = absolute.endsWith("/") ? absolute : absolute + "/";
        List<DaytonaFileFacts> found = new ArrayList<>();
        for (String line : split(run.text())) {
            String name = line.split(" ", 6)[5].substring(2);
            found.add(DaytonaFileFacts.parse(line, base + name));
        }
        found.sort(Comparator.comparing(DaytonaFileFacts::path));
        return found;
    }

    /** A path never has two slashes where we made it. */
    private static List<String> split(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split("//\n"));
    }

    /** Answers how many bytes it has now. */
    long write(String path, InputStream content) throws IOException, InterruptedException {
        String absolute = guest.absolute(path);
        byte[] start = content.readNBytes(BackendSandbox.SMALL_INPUT);
        if (start.length < BackendSandbox.SMALL_INPUT) {
            check(guest.feed(start, WRITE, absolute), path);
            return start.length;
        }
        BackendProcess process = guest.open(WRITE, absolute);
        long count = start.length;
        try (OutputStream stdin = process.stdin()) {
            stdin.write(start);
            count += content.transferTo(stdin);
        } catch (IOException e) {
            // either side may have failed: what the script says comes first
            check(DaytonaRun.of(process), path);
            throw e;
        }
        check(DaytonaRun.of(process), path);
        return count;
    }

    void delete(String path, boolean recursive) throws InterruptedException {
        DaytonaRun run = guest.script(
                ABSENT
                        + "if [ -d \"$1\" ] && [ ! -L \"$1\" ]; then [ \"$2\" = true ] || exit 9; exec rm -rf -- \"$1\"; fi;"
                        + " exec rm -f -- \"$1\"",
                guest.absolute(path),
                Boolean.toString(recursive));
        if (run.exitCode() == 9) {
            throw DaytonaRefusal.bad("bad request: cannot delete directory without recursive flag: " + path);
        }
        check(run, path);
    }

    void makeDirectory(String path, int mode) throws InterruptedException {
        String bits = Integer.toOctalString(mode & ~022 & 07777);
        DaytonaRun run = guest.script(
                "umask 022; [ -d \"$1\" ] || exec mkdir -p -m " + bits + " -- \"$1\"", guest.absolute(path));
        if (run.exitCode() != 0) {
            throw DaytonaRefusal.bad("bad request: mkdir " + path + ": " + reason(run));
        }
    }

    void move(String source, String destination) throws InterruptedException {
        DaytonaRun run = guest.script(
                ABSENT + "if [ -e \"$2\" ] || [ -L \"$2\" ]; then exit 9; fi; exec mv -- \"$1\" \"$2\"",
                guest.absolute(source),
                guest.absolute(destination));
        if (run.exitCode() == 9) {
            throw DaytonaRefusal.conflict("conflict: destination already exists: " + destination);
        }
        check(run, source);
    }

    void permissions(String path, String mode, String owner, String group) throws InterruptedException {
        if (!mode.isEmpty() && !mode.matches("[0-7]{1,5}")) {
            throw DaytonaRefusal.bad("bad request: invalid mode format: " + mode);
        }
        DaytonaRun run = guest.script(
                "stat -L -- \"$1\" >/dev/null || exit 1; if [ -n \"$2\" ]; then chmod -- \"$2\" \"$1\" || exit 1; fi;"
                        + " if [ -n \"$3\" ]; then chown -- \"$3\" \"$1\" || exit 8; fi;"
                        + " if [ -n \"$4\" ]; then chgrp -- \"$4\" \"$1\" || exit 8; fi",
                guest.absolute(path),
                mode,
                owner,
                group);
        if (run.exitCode() == 8 && !run.errors().contains("ermitted")) {
            throw DaytonaRefusal.bad("bad request: invalid owner or group: " + reason(run));
        }
        check(run, path);
    }

    /** Lines of text files that hold the text; {@code file}, {@code line} and {@code content} each. */
    List<String[]> find(String path, String text) throws InterruptedException {
        DaytonaRun run = guest.script(
                "stat -L -- \"$1\" >/dev/null || exit 1; P=$2; export P;"
                        + " find \"$1\" -type f -exec grep -lF -e \"$2\" -- {} + 2>/dev/null | sort | while IFS= read -r f; do"
                        + " [ \"$(tr -dc '\\000' < \"$f\" | head -c 1 | wc -c)\" -eq 0 ] &&"
                        + " awk 'index($0, ENVIRON[\"P\"]) { printf \"%s\\001%d\\001%s\\n\", FILENAME, FNR, $0 }' \"$f\"; done; exit 0",
                guest.absolute(path), text);
        if (run.exitCode() != 0) {
            throw DaytonaRefusal.bad("bad request: find " + path + ": " + reason(run));
        }
        return run.text()
                .lines()
                .map(line -> line.split("\u0001", 3))
                .filter(parts -> parts.length == 3)
                .toList();
    }

    /** Paths whose last name fits a pattern of the shell's kind. */
    List<String> search(String path, String pattern) throws InterruptedException {
        DaytonaRun run = guest.script(
                "stat -L -- \"$1\" >/dev/null || exit 1;"
                        + " find \"$1\" -name \"$2\" -exec sh -c 'for f; do printf \"%s//\\n\" \"$f\"; done' sh {} + ; exit 0",
                guest.absolute(path), pattern);
        if (run.exitCode() != 0) {
            throw DaytonaRefusal.bad("bad request: search " + path + ": " + reason(run));
        }
        return split(run.text()).stream().sorted().toList();
    }

    InputStream read(String path) {
        return guest.sandbox().files().read(guest.absolute(path));
    }

    private static void check(DaytonaRun run, String path) {
        if (run.exitCode() == 0) {
            return;
        }
        String reason = reason(run);
        if (reason.contains("no such file")) {
            throw DaytonaRefusal.coded(404, "FILE_NOT_FOUND", "not found: " + path + ": no such file or directory");
        }
        if (reason.contains("permission denied") || reason.contains("not permitted")) {
            throw DaytonaRefusal.coded(403, "FILE_ACCESS_DENIED", "forbidden: " + path + ": permission denied");
        }
        throw DaytonaRefusal.bad("bad request: " + path + ": " + reason);
    }

    /** In the words of the system, as its tools have them behind the last colon. */
    private static String reason(DaytonaRun run) {
        String text = run.errors().strip();
        String last = text.substring(text.lastIndexOf('\n') + 1);
        String words = last.substring(last.lastIndexOf(": ") + 1).strip();
        return words.isEmpty() ? "exit status " + run.exitCode() : words.toLowerCase(java.util.Locale.ROOT);
    }
}
