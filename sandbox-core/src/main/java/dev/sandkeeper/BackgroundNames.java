package dev.sandkeeper;

import java.util.regex.Pattern;

/** What a command in the background may be called and may ask for. */
final class BackgroundNames {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final int LARGEST_LOG = 1 << 20;

    private BackgroundNames() {}

    static void check(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "name must have 1 to 64 letters, digits, dots, underscores and hyphens: \"" + name + "\"");
        }
    }

    static void check(Command command) {
        if (command.user().isPresent()) {
            throw new IllegalArgumentException(
                    "user must not be set, a command in the background runs as the sandbox's: "
                            + command.user().get());
        }
        if (command.terminal().isPresent()) {
            throw new IllegalArgumentException("terminal must not be set, a command in the background has none."
                    + " Leave it out, or use start(command)");
        }
        if (command.stdin().length > 0) {
            throw new IllegalArgumentException(
                    "stdin must be empty for a command in the background. Write it to a file and have that read");
        }
        if (command.captureLimit() > LARGEST_LOG) {
            throw new IllegalArgumentException("captureLimit must be at most " + LARGEST_LOG
                    + " bytes for a command in the background: " + command.captureLimit());
        }
    }
}
