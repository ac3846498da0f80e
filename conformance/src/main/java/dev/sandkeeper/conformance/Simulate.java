package dev.sandkeeper.conformance;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.internal.Alteration;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Set;

/** Runs a simulator until its standard input ends or it is told to end. */
final class Simulate {
    private static final Set<String> OPTIONS = Set.of("--port", "--backend", "--image", "--state");

    private Simulate() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        PrintStream out = System.out;
        Arguments told;
        try {
            told = Arguments.parse(List.of(arguments), OPTIONS);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        SandboxBackend backing =
                Backings.of(told.backing("local"), told.text("--image").orElse(null), told.path("--state"));
        Provider.Running simulator =
                told.provider().start(backing, told.port(), SimulatorTraffic.NOBODY, Alteration.NONE);
        Thread ending = new Thread(
                () -> {
                    simulator.close();
                    backing.close();
                },
                "end");
        Runtime.getRuntime().addShutdownHook(ending);
        out.println(told.provider().name() + " is simulated at " + simulator.url() + "; end it with Ctrl+C");
        simulator.environment().forEach((name, value) -> out.println("export " + name + "=" + value));
        out.flush();
        Thread.currentThread().join();
    }
}
