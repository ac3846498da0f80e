package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Command;
import dev.sandkeeper.Network;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What the backends of hosted providers cost beyond the network, against our simulator of the provider on this host, whose
 * sandboxes are local ones: each beside OkHttp that sends the same requests once more, and beside the fewest bare calls that get
 * something like it done.
 */
final class RemoteBench {
    private static final String OURS = "Sandkeeper";
    private static final String SAME = "bare OkHttp, the same requests";
    private static final String FEWEST = "bare OkHttp, the fewest requests";
    private static final int FILE = 1 << 20;
    private static final double REACH = 1.2;
    private static final Command TRUE =
            Command.builder("true").deadline(Duration.ofSeconds(60)).build();

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
            told(provider, "create", "until a new sandbox has answered a command", created(hosted, manager));
            try (Sandbox sandbox = manager.create(spec());
                    Hosted.Bare bare = hosted.create()) {
                Variant.Operation exec = worker -> sandbox.exec(TRUE).orThrow();
                List<SimulatorTraffic> first = hosted.traffic().of(exec);
                told(provider, "exec", "`true`", latency(hosted, first, 20, 10, exec, worker -> bare.run()));
                byte[] bytes = Content.random(FILE, 1);
                Variant.Operation file = worker -> {
                    sandbox.files().write("file", bytes);
                    FilesBench.require(bytes, sandbox.files().read("file"));
                };
                told(provider, "file", "1 MB there and back again", latency(hosted, first, 10, 5, file, worker -> {
                    bare.write(bytes);
                    FilesBench.require(bytes, bare.read());
                }));
            }
        }
    }

    private Timings created(Hosted hosted, SandboxManager manager) throws Exception {
        Timings created = new Timings();
        int rounds = options.times(40, 3);
        List<Sandbox> heard = new ArrayList<>();
        List<SimulatorTraffic> requests = hosted.traffic().during(worker -> {
            Sandbox sandbox = manager.create(spec());
            heard.add(sandbox);
            sandbox.exec(TRUE).orThrow();
        });
        heard.forEach(Sandbox::destroy);
        try (Resent same = new Resent(hosted.address(), List.of(), requests, hosted.step())) {
            same.prepare(rounds + 2);
            for (int round = -2; round < rounds; round++) {
                long ours = create(manager);
                long resent = create(hosted, same);
                long fewest = create(hosted);
                if (round >= 0) {
                    created.of(OURS).add(ours);
                    created.of(SAME).add(resent);
                    created.of(FEWEST).add(fewest);
                }
            }
        }
        return created;
    }

    /** @param first what was asked for the first command in our sandbox, which may have opened what others use */
    private Timings latency(
            Hosted hosted,
            List<SimulatorTraffic> first,
            int turns,
            int calls,
            Variant.Operation ours,
            Variant.Operation fewest)
            throws Exception {
        int rounds = options.times(turns, 3) * options.times(calls, 2);
        int warmUp = options.times(10, 2);
        for (int i = 0; i < warmUp; i++) {
            ours.run(0);
            fewest.run(0);
        }
        try (Resent same = new Resent(hosted.address(), first, hosted.traffic().during(ours), hosted.step())) {
            same.open();
            same.prepare(warmUp + rounds);
            for (int i = 0; i < warmUp; i++) {
                same.run();
            }
            Timings measured = new Timings();
            new Latency(options.times(turns, 3), options.times(calls, 2), Duration.ZERO)
                    .measure(
                            List.of(
                                    new Variant(OURS, ours),
                                    new Variant(SAME, worker -> same.run()),
                                    new Variant(FEWEST, fewest)),
                            measured);
            return measured;
        }
    }

    private void told(String provider, String what, String title, Timings measured) {
        report.title(provider + ": " + title);
        report.latency(measured);
        report.say(
                "%nOf the fewest requests that get something like it done: %.2f times the time.",
                measured.ratio(OURS, FEWEST));
        report.atMost(
                provider + "_" + what,
                measured.ratio(OURS, SAME),
                REACH,
                "p50 of ours / p50 of the same requests by bare OkHttp");
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
            sandbox.exec(TRUE).orThrow();
            return System.nanoTime() - started;
        }
    }

    private static long create(Hosted hosted, Resent same) throws Exception {
        long started = System.nanoTime();
        List<byte[]> answers = same.run();
        long taken = System.nanoTime() - started;
        hosted.destroy(answers.get(0));
        return taken;
    }

    private static long create(Hosted hosted) throws Exception {
        long started = System.nanoTime();
        try (Hosted.Bare bare = hosted.create()) {
            bare.run();
            return System.nanoTime() - started;
        }
    }
}
