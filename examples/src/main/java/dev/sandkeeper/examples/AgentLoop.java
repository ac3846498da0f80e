package dev.sandkeeper.examples;

import dev.sandkeeper.Command;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.store.SandboxStore;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The loop that a coding agent runs: it writes a program, runs it, reads how it failed, repairs it and runs it again. The
 * agent here is a script, so that no model is needed; one that asks a model implements {@link Agent} in the same way.
 */
public final class AgentLoop {
    private static final int MOST_ATTEMPTS = 5;

    private AgentLoop() {}

    /** Writes programs for the shell. */
    @FunctionalInterface
    interface Agent {
        /**
         * Writes the first program, or repairs the last one.
         *
         * @param failure how the last one failed; null for the first time
         */
        String write(@Nullable ExecResult failure);
    }

    /**
     * Runs it. Exits with 0 if the agent got its answer, 1 if not, 2 for a wrong command line.
     *
     * @param arguments {@code --backend local|docker}, default local; {@code --image NAME}, default the backend's own
     */
    public static void main(String[] arguments) {
        System.exit(run(System.out, arguments));
    }

    static int run(PrintStream out, String... arguments) {
        Options options;
        try {
            options = Options.parse(arguments);
        } catch (IllegalArgumentException e) {
            out.println("agent loop: " + e.getMessage() + "\nusage: AgentLoop " + Options.USAGE);
            return 2;
        }
        try (Scratch scratch = Scratch.create("sandkeeper-agent-");
                SandboxManager manager = SandboxManager.builder()
                        .backend(options.open(scratch.directory().resolve("sandboxes")))
                        .store(SandboxStore.embedded(scratch.directory().resolve("store")))
                        .build();
                Sandbox sandbox = manager.create(
                        options.spec().timeToLive(Duration.ofMinutes(10)).build())) {
            sandbox.files().write("prices.txt", "apples 17\npears 4\nplums 9\ncherries 21\n");
            return solve(sandbox, AgentLoop::scripted, out) ? 0 : 1;
        } catch (SandboxException | IOException e) {
            out.println("agent loop: failed: " + e.getMessage());
            return 1;
        }
    }

    private static boolean solve(Sandbox sandbox, Agent agent, PrintStream out) {
        ExecResult failure = null;
        for (int attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
            sandbox.files().write("program.sh", agent.write(failure));
            ExecResult result = sandbox.exec(Command.builder("sh", "program.sh")
                    .deadline(Duration.ofSeconds(10))
                    .build());
            if (result.exitCode() == 0) {
                out.println("attempt " + attempt + ": " + result.stdout().strip());
                out.println("agent loop: ok backend=" + sandbox.backend() + " attempts=" + attempt);
                return true;
            }
            out.println("attempt " + attempt + ": exit code " + result.exitCode() + ", "
                    + result.stderr().strip());
            failure = result;
        }
        out.println("agent loop: failed: no answer after " + MOST_ATTEMPTS + " attempts");
        return false;
    }

    /** Adds up prices. At first it does not have the name of their file right; the shell complains about it. */
    private static String scripted(@Nullable ExecResult failure) {
        boolean sawWhatIsWrong = failure != null && failure.stderr().contains("price.txt");
        return """
                set -eu
                total=0
                while read -r fruit price; do
                    total=$((total + price))
                done < %s
                echo "total=$total"
                """.formatted(sawWhatIsWrong ? "prices.txt" : "price.txt");
    }
}
