package dev.sandkeeper.benchmarks;

import java.util.List;
import java.util.Set;

/**
 * What a bench is told.
 *
 * @param bench one of {@link #BENCHES}
 * @param quick whether to see only that it works: the figures mean little
 * @param bytes the size of big files and streams
 * @param commands how many commands the load has
 * @param run marks all that the run makes at the engine
 */
record Options(String bench, boolean quick, long bytes, int commands, String run) {
    static final Set<String> BENCHES =
            Set.of("exec", "create", "files", "stream", "cleanup", "claim", "remote", "load", "heap");
    static final String USAGE =
            "exec|create|files|stream|cleanup|claim|remote|load|heap [--quick] [--megabytes N] [--commands N] [--run NAME]";

    private static final long MEGABYTE = 1 << 20;

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException if it is not as {@link #USAGE} says
     */
    static Options parse(List<String> arguments) {
        if (arguments.isEmpty()) {
            throw new IllegalArgumentException("which bench?");
        }
        String bench = arguments.get(0);
        if (!BENCHES.contains(bench)) {
            throw new IllegalArgumentException("there is no bench \"" + bench + "\"");
        }
        boolean quick = arguments.contains("--quick");
        long megabytes = standard(bench, quick);
        int commands = quick ? 1_000 : 10_000;
        String run = "bench-" + ProcessHandle.current().pid();
        for (int i = 1; i < arguments.size(); i++) {
            String option = arguments.get(i);
            switch (option) {
                case "--quick" -> {}
                case "--megabytes" -> megabytes = number(option, arguments, ++i, 1_000_000);
                case "--commands" -> commands = (int) number(option, arguments, ++i, 10_000_000);
                case "--run" -> run = value(option, arguments, ++i);
                default -> throw new IllegalArgumentException("there is no option " + option);
            }
        }
        if (!run.matches("[a-z0-9-]{1,40}")) {
            throw new IllegalArgumentException("--run must be 1 to 40 of [a-z0-9-]: " + run);
        }
        return new Options(bench, quick, megabytes * MEGABYTE, commands, run);
    }

    /** How often to do something, by the length of the run. */
    int times(int full, int quickly) {
        return quick ? quickly : full;
    }

    private static long standard(String bench, boolean quick) {
        if (bench.equals("heap")) {
            return quick ? 512 : 10 * 1024;
        }
        return quick ? 64 : 1024;
    }

    private static String value(String option, List<String> arguments, int at) {
        if (at >= arguments.size()) {
            throw new IllegalArgumentException(option + " lacks its value");
        }
        return arguments.get(at);
    }

    private static long number(String option, List<String> arguments, int at, long most) {
        String text = value(option, arguments, at);
        if (!text.matches("[1-9][0-9]{0,8}") || Long.parseLong(text) > most) {
            throw new IllegalArgumentException(option + " must be a number from 1 to " + most + ": " + text);
        }
        return Long.parseLong(text);
    }
}
