package dev.sandkeeper.docker;

import dev.sandkeeper.internal.ShellScripts;

/** The scripts that run inside, beside this class as resources. */
enum ShellText {
    /** Runs one command. */
    COMMAND(ShellScripts.find() + ShellScripts.sweep() + read("command.sh")),
    /** Runs one command after another. */
    SESSION(ShellScripts.session(ShellScripts.sweep(), read("shell.sh"))),
    /** Ends commands. */
    GUARD(ShellScripts.find() + ShellScripts.sweep() + read("guard.sh"));

    private final String text;

    ShellText(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }

    private static String read(String name) {
        return ShellScripts.read(ShellText.class, name);
    }
}
