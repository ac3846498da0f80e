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
    /** Creations before those that are measured: a host has compiled by then what it runs. */
    private static final int WARM_UP = 20;

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
            told(
                    provider,
                    "exec",
                    "`true`",
                    new Calls(options.times(20, 3), options.times(10, 2)).measure(hosted, manager, new Running()));
            told(
                    provider,
                    "file",
                    "1 MB there and back again",
                    new Calls(options.times(hosted.fileTurns(), 3), options.times(5, 2))
                            .measure(hosted, manager, new Moving(Content.random(FILE, 1))));
        }
    }

    private static void exec(Sandbox sandbox) {
        sandbox.exec(TRUE).orThrow();
    }

    /** What is done in a sandbox. */
    private interface Deed {
        void ours(Sandbox sandbox);

        void fewest(Hosted.Bare bare) throws Exception;

        /** Undoes it. */
        default void undo(Sandbox sandbox) {}

        /** Throws if it has not been done, whoever did it. */
        default void check(Sandbox sandbox) {}
    }

    /** A command that does nothing. */
    private static final class Running implements Deed {
        @Override
        public void ours(Sandbox sandbox) {
            exec(sandbox);
        }

        @Override
        public void fewest(Hosted.Bare bare) throws Exception {
            bare.run();
        }
    }

    /** A file that is written and read. */
    private static final class Moving implements Deed {
        private static final String NAME = "file";

        private final byte[] bytes;

        Moving(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public void ours(Sandbox sandbox) {
            sandbox.files().write(NAME, bytes);
            check(sandbox);
        }

        @Override
        public void fewest(Hosted.Bare bare) throws Exception {
            bare.write(bytes);
            FilesBench.require(bytes, bare.read());
        }

        @Override
        public void undo(Sandbox sandbox) {
            sandbox.files().remove(NAME);
        }

        @Override
        public void check(Sandbox sandbox) {
            FilesBench.require(bytes, sandbox.files().read(NAME));
        }
    }

    /** So many calls, in so many turns. */
    private record Calls(int turns, int callsATurn) {
        Timings measure(Hosted hosted, SandboxManager manager, Deed deed) throws Exception {
            int warmUp = callsATurn;
            Timings measured = new Timings();
            try (Sandbox sandbox = manager.create(spec());
                    Hosted.Bare bare = hosted.create()) {
                // which may open what others use
                List<SimulatorTraffic> first = hosted.traffic().of(worker -> exec(sandbox));
                for (int i = 0; i < warmUp; i++) {
                    deed.ours(sandbox);
                    deed.fewest(bare);
                }
                List<SimulatorTraffic> round = hosted.traffic().during(worker -> deed.ours(sandbox));
                try (Resent same = new Resent(hosted.address(), first, round, hosted.step())) {
                    same.open();
                    same.prepare(warmUp + turns * callsATurn);
                    for (int i = 0; i < warmUp; i++) {
                        deed.undo(sandbox);
                        same.run();
                        deed.check(sandbox);
                    }
                    new Latency(turns, callsATurn, Duration.ZERO)
                            .measure(
                                    List.of(
                                            new Variant(OURS, worker -> deed.ours(sandbox)),
                                            new Variant(SAME, worker -> same.run()),
                                            new Variant(FEWEST, worker -> deed.fewest(bare))),
                                    measured);
                }
            }
            return measured;
        }
    }

    private Timings created(Hosted hosted, SandboxManager manager) throws Exception {
        Timings created = new Timings();
        int rounds = options.times(40, 3);
        int warmUp = options.times(WARM_UP, 2);
        List<Sandbox> heard = new ArrayList<>();
        List<SimulatorTraffic> requests = hosted.traffic().during(worker -> {
            Sandbox sandbox = manager.create(spec());
            heard.add(sandbox);
            sandbox.exec(TRUE).orThrow();
        });
        heard.forEach(Sandbox::destroy);
        try (Resent same = new Resent(hosted.address(), List.of(), requests, hosted.step())) {
            same.prepare(rounds + warmUp);
            for (int i = 0; i < warmUp; i++) {
                create(manager);
                create(hosted, same);
                create(hosted);
            }
            List<Variant> variants = List.of(
                    new Variant(OURS, worker -> created.of(OURS).add(create(manager))),
                    new Variant(SAME, worker -> created.of(SAME).add(create(hosted, same))),
                    new Variant(FEWEST, worker -> created.of(FEWEST).add(create(hosted))));
            for (int round = 0; round < rounds; round++) {
                for (Variant variant : Latency.inTurn(variants, round)) {
                    variant.operation().run(0);
                }
            }
        }
        return created;
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
