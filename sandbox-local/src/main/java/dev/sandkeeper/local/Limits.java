package dev.sandkeeper.local;

import dev.sandkeeper.Lifetime;

/**
 * The limits of one sandbox. 0 stands for none.
 *
 * @param memory bytes of the whole sandbox, kept by a control group
 * @param addressSpace bytes of each process, where no control group keeps the memory
 * @param cpus processors
 * @param processes processes and threads of the commands
 * @param files open files of each process
 */
record Limits(long memory, long addressSpace, double cpus, int processes, int files) {
    /** What a command needs beside its own processes: nsenter, and bubblewrap outside and inside the process namespace. */
    private static final int HELPERS = 3;
    /** What a shell needs: the same, and itself. */
    private static final int SHELL = HELPERS + 1;

    private static final int MOST_SHELLS = 8;
    /** The holder and what it waits for. */
    private static final int HOLDER = 2;

    /**
     * For the process limit of a control group, which only commands and shells enter: a command has as many as it was promised
     * beside one shell. What more shells take comes from the sandbox's processes.
     */
    int processesOfGroup() {
        return processes + HELPERS + SHELL;
    }

    /** How many shells may be kept: more than one only where they take few of the sandbox's processes. */
    int mostShells() {
        return processes == 0 ? MOST_SHELLS : Math.max(1, Math.min(MOST_SHELLS, processes / (2 * SHELL)));
    }

    /** For RLIMIT_NPROC, which counts by user: a holder that ends with its JVM has kept its parent, too. */
    int processesOfUser(Lifetime lifetime) {
        return processes == 0 ? 0 : processesOfShell(lifetime) + HELPERS;
    }

    /** The same for a shell and the command that it runs. */
    int processesOfShell(Lifetime lifetime) {
        return processes == 0 ? 0 : processes + SHELL + HOLDER + (lifetime == Lifetime.PROCESS ? 1 : 0);
    }

    String format() {
        return memory + " " + addressSpace + " " + cpus + " " + processes + " " + files;
    }

    static Limits parse(String text) {
        String[] parts = text.split(" ", -1);
        return new Limits(
                Long.parseLong(parts[0]),
                Long.parseLong(parts[1]),
                Double.parseDouble(parts[2]),
                Integer.parseInt(parts[3]),
                Integer.parseInt(parts[4]));
    }
}
