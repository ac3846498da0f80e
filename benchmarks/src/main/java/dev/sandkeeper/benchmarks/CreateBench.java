package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Command;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.springaicommunity.sandbox.docker.DockerSandbox;
import org.testcontainers.containers.GenericContainer;

/**
 * From nothing to a command's first answer, which computesdk/benchmarks calls the time to interactive (TTI): one after the
 * other, one begun every 200 ms, and all at once.
 */
final class CreateBench {
    private static final Duration STAGGER = Duration.ofMillis(200);
    private static final String RAW = "engine API, raw: create, start, exec";

    private final Options options;
    private final Report report;

    CreateBench(Options options, Report report) {
        this.options = options;
        this.report = report;
    }

    void run() throws Exception {
        try (Host host = new Host(options)) {
            report.say(
                    "The raw API makes what the engine says that it made for us: the same image, entry point, users,"
                            + " limits,\ncapabilities, mounts and network; it keeps no record and gives the workspace no owner.");
            double busybox = measure(host, Host.BUSYBOX);
            double debian = measure(host, Host.DEBIAN);
            report.say("%nDebian with python3: %.2f times the raw API's time.", debian);
            host.requireNothingLeft();
            report.atMost(
                    "create_vs_raw", busybox, 1.1, "p50 of ours / p50 of the raw API, until the first answer, busybox");
            report.end("create");
        }
    }

    private double measure(Host host, String image) throws Exception {
        Sandbox model = host.manager().create(Host.spec(image).build());
        Alike alike = new Alike(new RawEngine(), model, options.run());
        model.destroy();
        List<Maker> makers = List.of(
                new Maker(Ours.NAME, () -> ours(host, image)),
                new Maker(RAW, raw(alike)),
                new Maker("docker CLI: run, exec", () -> cli(image)),
                new Maker(TestcontainersPeer.NAME, () -> testcontainers(image)),
                new Maker(AgentSandboxPeer.NAME, () -> agentSandbox(image)));
        Timings interactive = new Timings();
        Timings gone = new Timings();
        int rounds = options.times(40, 2);
        int warmUp = options.times(5, 1);
        for (int round = 0; round < warmUp + rounds; round++) {
            for (Maker maker : makers) {
                Maker.Timed timed = maker.once();
                if (round >= warmUp) {
                    interactive.of(maker.name()).add(timed.interactive());
                    gone.of(maker.name()).add(timed.gone());
                }
            }
        }
        report.title("until the first answer, one after the other, " + image);
        report.latency(interactive);
        report.title("until it is gone again, " + image);
        report.latency(gone);
        crowd("one begun every " + STAGGER.toMillis() + " ms", image, makers, STAGGER);
        crowd("all at once", image, makers, Duration.ZERO);
        return interactive.ratio(Ours.NAME, RAW);
    }

    private void crowd(String how, String image, List<Maker> makers, Duration stagger) throws Exception {
        int count = options.times(20, 3);
        List<List<?>> rows = new ArrayList<>();
        for (Maker maker : makers) {
            Crowd crowd = new Crowd(maker, count, stagger);
            Samples samples = crowd.run();
            rows.add(List.of(
                    maker.name(),
                    samples.millis(0.5),
                    samples.millis(0.95),
                    samples.millis(0.99),
                    crowd.seconds(),
                    samples.count() + " of " + count));
        }
        report.title("until the first answer, " + how + ", " + image);
        report.table(List.of("", "p50 ms", "p95 ms", "p99 ms", "all in s", "answered"), rows);
    }

    private static Maker.Made ours(Host host, String image) {
        SandboxSpec spec = Host.spec(image).build();
        Sandbox sandbox = host.manager().create(spec);
        ExecResult result = sandbox.exec(
                Command.builder("echo", "here").deadline(Duration.ofSeconds(60)).build());
        return new Maker.Made(new Ran(result.exitCode(), result.stdout(), result.stderr()), sandbox::destroy);
    }

    private static Maker.Making raw(Alike alike) {
        RawEngine engine = new RawEngine();
        return () -> {
            String id = alike.start();
            return new Maker.Made(engine.exec(id, Alike.USER, "echo", "here"), () -> alike.remove(id));
        };
    }

    private Maker.Made cli(String image) throws Exception {
        String id = Cli.must(
                "run",
                "--detach",
                "--label",
                "dev.sandkeeper.benchmark=" + options.run(),
                image,
                "sleep",
                "2147483647");
        return new Maker.Made(Cli.run("exec", id, "echo", "here"), () -> Cli.must("rm", "--force", "--volumes", id));
    }

    private Maker.Made testcontainers(String image) throws Exception {
        GenericContainer<?> container = TestcontainersPeer.start(image, options.run());
        return new Maker.Made(TestcontainersPeer.exec(container, "echo", "here"), container::stop);
    }

    private static Maker.Made agentSandbox(String image) {
        DockerSandbox sandbox = AgentSandboxPeer.start(image);
        return new Maker.Made(AgentSandboxPeer.exec(sandbox, "echo", "here"), sandbox::close);
    }
}
