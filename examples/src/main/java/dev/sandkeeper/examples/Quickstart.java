package dev.sandkeeper.examples;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxQuery;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Creates one sandbox, shows what it does with a program, a runaway, the network and a flood of output, destroys it, and
 * looks for what is left. {@code scripts/quickstart} runs it.
 */
public final class Quickstart {
    private final Options options;
    private final PrintStream out;

    private Quickstart(Options options, PrintStream out) {
        this.options = options;
        this.out = out;
    }

    /**
     * Runs it. Exits with 0 if everything was as promised, 1 if not, 2 for a wrong command line.
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
            out.println("quickstart: " + e.getMessage() + "\nusage: quickstart " + Options.USAGE);
            return 2;
        }
        try {
            new Quickstart(options, out).run();
            return 0;
        } catch (SandboxException e) {
            out.println("quickstart: failed: " + e.getMessage());
            return 1;
        } catch (IOException | InterruptedException | RuntimeException e) {
            out.println("quickstart: failed: " + e);
            return 1;
        }
    }

    private void run() throws IOException, InterruptedException {
        try (Scratch scratch = Scratch.create("sandkeeper-quickstart-")) {
            run(scratch.directory());
        }
    }

    private void run(Path directory) throws IOException, InterruptedException {
        Path jails = directory.resolve("sandboxes");
        SandboxBackend backend = options.open(jails);
        SandboxStore store = SandboxStore.embedded(directory.resolve("store"));
        String deployment = store.deployment();
        Witness witness = options.witness(jails, deployment);
        long createMillis;
        long execMillis;
        List<String> left = new ArrayList<>();
        try (SandboxManager manager =
                SandboxManager.builder().backend(backend).store(store).build()) {
            long started = System.nanoTime();
            // PROCESS: gone even if somebody kills this program halfway
            try (Sandbox sandbox = manager.create(options.spec()
                    .lifetime(Lifetime.PROCESS)
                    .timeToLive(Duration.ofMinutes(10))
                    .build())) {
                createMillis = Duration.ofNanos(System.nanoTime() - started).toMillis();
                out.printf("%-8s %s at backend %s%n", "sandbox", sandbox.id(), sandbox.backend());
                Tour.check("the witness sees the sandbox", !witness.left().isEmpty(), "nothing");
                Tour tour = new Tour(sandbox, witness, out);
                tour.program();
                tour.runaway();
                tour.network();
                tour.flood();
                execMillis = tour.quickExec();
            }
            manager.list(SandboxQuery.all()).sandboxes().forEach(sandbox -> left.add("row " + sandbox));
            backend.listOwned(deployment).resources().forEach(resource -> left.add("resource " + resource));
        }
        left.addAll(witness.left());
        out.printf(
                "%-8s %s%n",
                "left", left.isEmpty() ? "nothing: no row, nothing at the backend, nothing on the host" : left);
        Tour.check("nothing is left", left.isEmpty(), left);
        out.println("quickstart: ok backend=" + options.backend() + " create_ms=" + createMillis + " exec_ms="
                + execMillis + " left=" + left.size());
    }
}
