package dev.sandkeeper.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Runs {@code true}, over and over: what a command costs beyond what it does. */
final class ExecBench {
    private static final int MOST_THREADS = 32;
    private static final Set<String> IN_RATIOS = Set.of(Ours.NAME, AlikePeers.RAW);

    private final Options options;
    private final Report report;
    private final int containers;

    ExecBench(Options options, Report report) {
        this.options = options;
        this.report = report;
        this.containers = options.times(8, 2);
    }

    /** What was measured on one image. */
    private record Measured(Timings latency, List<Throughput.Done> crowded) {
        double timesFaster(String peer) {
            return latency.ratio(peer, Ours.NAME);
        }

        double timesAsMany(String peer) {
            return perSecond(Ours.NAME) / perSecond(peer);
        }

        private double perSecond(String name) {
            return crowded.stream()
                    .filter(done -> done.name().equals(name))
                    .findFirst()
                    .orElseThrow()
                    .perSecond();
        }
    }

    void run() throws Exception {
        try (Host host = new Host(options)) {
            Measured busybox = measure(host, Host.BUSYBOX);
            Measured debian = measure(host, Host.DEBIAN);
            int streams = new OpenStreams(host, report).count();
            new LocalCommands(options, report).run();
            double overhead = new CoreOverhead(options, report).microseconds();
            host.requireNothingLeft();
            String faster = "p50 of theirs / p50 of ours, one thread, busybox";
            report.atLeast("docker_cli_exec", busybox.timesFaster(AlikePeers.CLI), 20, "docker CLI: " + faster);
            report.atLeast(
                    "testcontainers_exec",
                    busybox.timesFaster(TestcontainersPeer.NAME),
                    15,
                    "execInContainer: " + faster);
            report.atLeast("agent_sandbox_exec", busybox.timesFaster(AgentSandboxPeer.NAME), 15, "its exec: " + faster);
            report.atLeast(
                    "exec_throughput_32",
                    busybox.timesAsMany(AlikePeers.RAW),
                    20,
                    "ours / fresh execs by the raw API, commands a second, 32 threads, " + containers
                            + " sandboxes, busybox");
            report.atLeast(
                    "exec_debian", debian.timesFaster(AlikePeers.CLI), 15, "as docker_cli_exec, Debian with python3");
            report.atLeast(
                    "throughput_debian",
                    debian.timesAsMany(AlikePeers.RAW),
                    15,
                    "as exec_throughput_32, Debian with python3");
            report.atMost(
                    "core_overhead_us",
                    overhead,
                    20,
                    "microseconds: p50 of sandbox.exec - p50 of the in-memory backend called directly");
            report.atLeast(
                    "streams_open",
                    streams,
                    OpenStreams.WANTED,
                    "streams open at once on one manager that answered right");
            report.end("exec");
        }
    }

    private Measured measure(Host host, String image) throws Exception {
        try (Peers peers = new Peers(host, image, containers, options.run())) {
            List<Variant> variants = peers.running("true");
            report.title("`true`, one thread, " + image + ", ms");
            Timings latency = new Latency(
                            options.times(20, 4), options.times(10, 5), Duration.ofSeconds(options.times(3, 1)))
                    .of(variants);
            report.latency(latency);
            List<List<?>> rows = new ArrayList<>();
            List<Throughput.Done> last = List.of();
            // a crowd of fresh execs is what takes longest, and only one kind of them is in a ratio
            List<Variant> crowd = variants.stream()
                    .filter(variant -> !options.quick() || IN_RATIOS.contains(variant.name()))
                    .toList();
            for (int threads : options.quick() ? List.of(MOST_THREADS) : List.of(1, 8, MOST_THREADS)) {
                last = new Throughput(threads, options.times(3, 1), Duration.ofSeconds(options.times(4, 1))).of(crowd);
                last.forEach(done -> rows.add(List.of(
                        done.name(),
                        threads,
                        done.perSecond(),
                        done.samples().millis(0.5),
                        done.samples().millis(0.95),
                        done.samples().millis(0.99),
                        done.threadsAdded())));
            }
            report.title("`true`, " + containers + " containers each, " + image);
            report.table(
                    List.of("", "threads", "commands/s", "p50 ms", "p95 ms", "p99 ms", "threads added at most"), rows);
            if (image.equals(Host.BUSYBOX)) {
                // later, what is left in pools would go into the account of whoever comes next
                peers.report(report, containers);
            }
            report.say("%nHow Sandkeeper's commands were run: %s.", peers.channels());
            return new Measured(latency, last);
        }
    }
}
