package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Command;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Sandbox;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Sandkeeper: with a deadline, both streams captured, and the command's own process group, as it comes. */
final class Ours implements Peer {
    static final String NAME = "Sandkeeper";

    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final List<Sandbox> sandboxes;
    private final Map<String, Integer> channels = new TreeMap<>();

    Ours(Host host, String image, int count) {
        sandboxes = host.create(Host.spec(image).build(), count);
    }

    Sandbox first() {
        return sandboxes.get(0);
    }

    /** How many commands went which way. */
    String channels() {
        synchronized (channels) {
            return channels.toString();
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Ran exec(int container, String... arguments) {
        ExecResult result = sandboxes
                .get(container % sandboxes.size())
                .exec(Command.builder(arguments).deadline(DEADLINE).build());
        if (result.timedOut() || result.truncated()) {
            throw new IllegalStateException("not as it should be: " + result);
        }
        synchronized (channels) {
            channels.merge(result.channel(), 1, Integer::sum);
        }
        return new Ran(result.exitCode(), result.stdout(), result.stderr());
    }

    @Override
    public void close() {
        sandboxes.forEach(Sandbox::destroy);
    }
}
