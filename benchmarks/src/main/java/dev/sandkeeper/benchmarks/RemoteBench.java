package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Command;
import dev.sandkeeper.Network;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.store.SandboxStore;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * What the backends of hosted providers cost beyond the network: each beside bare calls of OkHttp that get the same done, against
 * our simulator of the provider on this host, whose sandboxes are local ones.
 */
final class RemoteBench {
    private static final String OURS = "Sandkeeper";
    private static final String BARE = "bare OkHttp";
    private static final int FILE = 1 << 20;
    private static final double REACH = 1.2;

    private final Options options;
    private final Report report;

    RemoteBench(Options options, Report report) {
        this.options = options;
        this.report = report;
    }

    void run() throws Exception {
        for (Hosted.Kind kind : Hosted.Kind.values()) {
            try (Scratch scratch = Scratch.create();
                    LocalBackend backing = LocalBackend.builder()
                            .stateDirectory(scratch.directory().resolve("state"))
                            .build();
                    Hosted hosted = kind.start(backing)) {
                measure(kind.name().toLowerCase(Locale.ROOT), hosted);
            }
        }
        report.end("remote");
    }

    private void measure(String provider, Hosted hosted) throws Exception {
        try (SandboxManager manager = SandboxManager.builder()
                .backend(hosted.backend())
                .store(SandboxStore.inMemory())
                .build()) {
            Timings created = new Timings();
            int rounds = options.times(40, 3);
            for (int round = -2; round < rounds; round++) {
                long ours = create(manager);
                long bare = create(hosted);
                if (round >= 0) {
                    created.of(OURS).add(ours);
                    created.of(BARE).add(bare);
                }
            }
            report.title(provider + ": until a new sandbox has answered a command");
            report.latency(created);
            Timings executed;
            Timings moved;
            try (Sandbox sandbox = manager.create(spec());
                    Hosted.Bare bare = hosted.create()) {
                Command command =
                        Command.builder("true").deadline(Duration.ofSeconds(60)).build();
                executed = latency(
                        20,
                        10,
                        new Variant(OURS, worker -> sandbox.exec(command).orThrow()),
                        new Variant(BARE, worker -> bare.run()));
                byte[] bytes = Content.random(FILE, 1);
                moved = latency(
                        10,
                        5,
                        new Variant(OURS, worker -> {
                            sandbox.files().write("file", bytes);
                            FilesBench.require(bytes, sandbox.files().read("file"));
                        }),
                        new Variant(BARE, worker -> {
                            bare.write(bytes);
                            FilesBench.require(bytes, bare.read());
                        }));
            }
            report.title(provider + ": `true`");
            report.latency(executed);
            report.title(provider + ": 1 MB there and back again");
            report.latency(moved);
            ratio(provider + "_create", created);
            ratio(provider + "_exec", executed);
            ratio(provider + "_file", moved);
        }
    }

    private Timings latency(int turns, int calls, Variant ours, Variant bare) throws Exception {
        return new Latency(options.times(turns, 3), options.times(calls, 2), Duration.ofSeconds(options.times(2, 1)))
                .of(List.of(ours, bare));
    }

    private void ratio(String key, Timings measured) {
        report.atMost(key, measured.ratio(OURS, BARE), REACH, "p50 of ours / p50 of bare calls");
    }

    private static SandboxSpec spec() {
        return SandboxSpec.builder()
                .timeToLive(Duration.ofMinutes(50))
                .network(Network.full())
                .build();
    }

    /** Without the end of the sandbox, which comes after. */
    private static long create(SandboxManager manager) {
        long started = System.nanoTime();
        try (Sandbox sandbox = manager.create(spec())) {
            sandbox.exec("true").orThrow();
            return System.nanoTime() - started;
        }
    }

    private static long create(Hosted hosted) throws Exception {
        long started = System.nanoTime();
        try (Hosted.Bare bare = hosted.create()) {
            bare.run();
            return System.nanoTime() - started;
        }
    }
}
