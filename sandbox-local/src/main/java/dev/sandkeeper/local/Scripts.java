package dev.sandkeeper.local;

import dev.sandkeeper.internal.ShellScripts;

/** The shell scripts beside this class. */
record Scripts(String launch, String holder, String command, String warden, String shell) {
    static Scripts load() {
        return new Scripts(
                load("launch.sh"),
                load("holder.sh"),
                load("command.sh"),
                load("warden.sh"),
                ShellScripts.session("", load("shell.sh")));
    }

    private static String load(String name) {
        return ShellScripts.read(Scripts.class, name);
    }
}
