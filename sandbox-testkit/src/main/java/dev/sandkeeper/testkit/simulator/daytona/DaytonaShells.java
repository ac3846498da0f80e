package dev.sandkeeper.testkit.simulator.daytona;

/** Texts for the shell of a sandbox. */
final class DaytonaShells {
    /** Leaves in {@code shell} what the daemon would choose. */
    private static final String CHOOSE = "shell=; for name in zsh bash; do"
            + " for found in $(grep \"/$name\\$\" /etc/shells 2>/dev/null) /bin/$name; do"
            + " [ -z \"$shell\" ] && [ -x \"$found\" ] && shell=$found; done; done;"
            + " [ -n \"$shell\" ] || shell=${SHELL:-/bin/sh}; ";

    private DaytonaShells() {}

    /** Becomes a shell that reads its commands from standard input. */
    static String reading() {
        return CHOOSE + "exec \"$shell\"";
    }

    /** The same with one stream for all output. */
    static String readingMerged() {
        return "exec 2>&1; " + reading();
    }

    /** Becomes a login shell for somebody at a terminal. */
    static String interactive() {
        return CHOOSE + "exec \"$shell\" -i -l";
    }

    /** One word of a command, whatever is in it. */
    static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
