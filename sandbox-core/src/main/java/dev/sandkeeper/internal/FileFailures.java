package dev.sandkeeper.internal;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.Failure;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxTimeoutException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Says what went wrong with one file operation. The exit codes are those of {@link FileScript}; where no condition tells, as
 * for a full disk, the end of the tool's message does, which in the C locale is the same everywhere.
 */
final class FileFailures {
    private static final List<Sign> SIGNS = List.of(
            new Sign(": No space left on device", 69),
            new Sign("isk quota exceeded", 69),
            new Sign(": Quota exceeded", 69),
            new Sign(": File too large", 70),
            new Sign(": Permission denied", 75),
            new Sign(": Operation not permitted", 75),
            new Sign(": Read-only file system", 75));

    private final String what;
    private final String backend;

    /**
     * @param what the operation and its path, such as {@code write /workspace/a}; printable
     * @param backend the backend's name
     */
    FileFailures(String what, String backend) {
        this.what = what;
        this.backend = backend;
    }

    /** What an end other than 0 means. */
    SandboxException of(ExitStatus status, String stderr) {
        if (status.timedOut()) {
            return new SandboxTimeoutException(failure("file_timeout", "not finished within its deadline, and ended")
                    .remedy("See what keeps the sandbox busy, or whether the file is a pipe"));
        }
        int code = status.exitCode();
        if (code < 70 || code > 78) {
            code = byMessage(stderr);
        }
        return switch (code) {
            case 69 -> access("disk_full", "no space left", "Remove something, or ask for more disk in the spec");
            case 70 -> access("file_too_large", "it would be larger than the sandbox allows", null);
            case 71 -> access("file_not_found", "there is no such file or directory", "List the directory above it");
            case 72 -> access("file_exists", "a file of that name exists", "Remove it first, or use another name");
            case 73 -> access("not_a_directory", "something in the path is not a directory", null);
            case 74 -> access("is_a_directory", "it is a directory", "Name a file in it");
            case 75 -> access("permission_denied", "the sandbox's user may not", "Use a path that the user owns");
            case 76 -> access("directory_not_empty", "the directory is not empty", "Remove all that is in it as well");
            case 77 -> access("file_access_failed", "it is not an ordinary file", "Use a command to talk to it");
            case 78 -> access("file_access_failed", "the content did not arrive completely", "Write it again");
            default -> access("file_access_failed", ended(status, stderr), null);
        };
    }

    FileAccessException malformed(String answer) {
        return access("file_access_failed", "the sandbox gave a malformed answer, " + answer, null);
    }

    FileAccessException access(String code, String why, @Nullable String remedy) {
        Failure failure = failure(code, why);
        return new FileAccessException(remedy == null ? failure : failure.remedy(remedy));
    }

    FileAccessException contentFailed(Throwable cause) {
        return new FileAccessException(failure("file_access_failed", "the content to write could not be read")
                .cause(cause));
    }

    FileAccessException other(Throwable cause) {
        return new FileAccessException(
                failure("file_access_failed", "unexpected fault").cause(cause));
    }

    SandboxTimeoutException idle(Duration limit) {
        return new SandboxTimeoutException(
                failure("file_timeout", "nothing moved for " + limit.toSeconds() + " s, and it was ended")
                        .remedy("See what keeps the sandbox busy, or whether the file is a pipe"));
    }

    SandboxInterruptedException interrupted(@Nullable Throwable cause) {
        return new SandboxInterruptedException(
                failure("interrupted", "the thread was interrupted").cause(cause));
    }

    private Failure failure(String code, String why) {
        return Failure.of(code, "cannot " + what + ": " + why).backend(backend);
    }

    private static int byMessage(String stderr) {
        return stderr.lines()
                .flatMap(line -> SIGNS.stream().filter(sign -> line.endsWith(sign.end())))
                .findFirst()
                .map(Sign::code)
                .orElse(79);
    }

    private static String ended(ExitStatus status, String stderr) {
        String said = stderr.strip();
        String last = said.substring(Math.max(0, said.length() - 200));
        String text = "the script in the sandbox ended with exit code " + status.exitCode();
        return last.isEmpty() ? text : text + " and said: " + PathBytes.printable(last.replace('\n', ' '));
    }

    private record Sign(String end, int code) {}
}
