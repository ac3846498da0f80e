package dev.sandkeeper.benchmarks;

import java.util.List;

/** What {@code scripts/bench} runs: one bench, side by side with others in one JVM. */
public final class Bench {
    private Bench() {}

    /**
     * Runs a bench. Exits with 0 if every answer was right, whatever the figures are; with 1 if one was wrong or a promise
     * that is no figure was broken; with 2 for a wrong command line.
     *
     * @param arguments as {@link Options#USAGE} says
     */
    public static void main(String[] arguments) {
        Options options;
        try {
            options = Options.parse(List.of(arguments));
        } catch (IllegalArgumentException e) {
            System.err.println("bench: " + e.getMessage() + "\nusage: bench " + Options.USAGE);
            System.exit(2);
            return;
        }
        int status = 0;
        try {
            run(options, new Report(System.out));
        } catch (Exception e) {
            status = 1;
            System.out.flush();
            System.err.println("bench: FAILED: " + e);
            e.printStackTrace();
        }
        // the peers leave threads behind
        System.exit(status);
    }

    private static void run(Options options, Report report) throws Exception {
        switch (options.bench()) {
            case "exec" -> new ExecBench(options, report).run();
            case "create" -> new CreateBench(options, report).run();
            case "files" -> new FilesBench(options, report).run();
            case "stream" -> new StreamBench(options, report).run();
            case "cleanup" -> new CleanupBench(options, report).run();
            case "claim" -> new ClaimBench(options, report).run();
            case "remote" -> new RemoteBench(options, report).run();
            case "load" -> new LoadRun(options, report).run();
            default -> new HeapRun(options, report).run();
        }
    }
}
