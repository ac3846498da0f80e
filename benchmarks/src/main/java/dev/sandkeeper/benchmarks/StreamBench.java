package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxProcess;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Takes a long output as a stream, summed up on the way, beside {@code docker exec ... >/dev/null}. */
final class StreamBench {
    private static final String CLI = "docker exec ... >/dev/null";
    private static final double MOST_GROWTH = 32;

    private final Options options;
    private final Report report;

    StreamBench(Options options, Report report) {
        this.options = options;
        this.report = report;
    }

    void run() throws Exception {
        try (Host host = new Host(options);
                Scratch scratch = Scratch.create()) {
            Repeated output = new Repeated(scratch.directory(), options.bytes());
            Content.Sum sum = output.sum();
            double busybox = measure(host, Host.BUSYBOX, output, sum);
            double debian = measure(host, Host.DEBIAN, output, sum);
            report.say("%nDebian with python3: %.2f of its rate.", debian);
            host.requireNothingLeft();
            report.atLeast(
                    "stream",
                    busybox,
                    0.8,
                    "our rate, every byte summed up / the rate of docker exec to /dev/null, medians, "
                            + (output.bytes() >> 20) + " MB, busybox");
            report.end("stream");
        }
    }

    private double measure(Host host, String image, Repeated output, Content.Sum sum) throws Exception {
        try (Ours ours = new Ours(host, image, 1);
                AlikePeers alike = new AlikePeers(ours, 1, options.run())) {
            Sandbox sandbox = ours.first();
            sandbox.files().write("block", output.file());
            Cli.must("cp", output.file().toString(), alike.container(0) + ":/workspace/block");
            Timings timings = new Timings();
            int rounds = options.times(7, 2);
            for (int round = -1; round < rounds; round++) {
                long our = ours(sandbox, output, sum);
                long their = theirs(alike.container(0), output);
                if (round >= 0) {
                    timings.of(Ours.NAME).add(our);
                    timings.of(CLI).add(their);
                }
            }
            report.title((output.bytes() >> 20) + " MB of output, " + image);
            List<List<?>> rows = new ArrayList<>();
            timings.forEach((name, samples) -> rows.add(List.of(
                    name,
                    samples.millis(0.5),
                    samples.millis(0.95),
                    output.megabytesPerSecond(samples.nanos(0.5)),
                    samples.count())));
            report.table(List.of("", "p50 ms", "p95 ms", "MB/s, p50", "n"), rows);
            heap(sandbox, output, sum);
            return timings.ratio(CLI, Ours.NAME);
        }
    }

    private static long ours(Sandbox sandbox, Repeated output, Content.Sum wanted) throws IOException {
        Content.Sum got = new Content.Sum();
        long started = System.nanoTime();
        try (SandboxProcess process = sandbox.start(output.command("block"))) {
            process.stdin().close();
            process.stderr().close();
            got.drain(process.stdout());
            requireZero(process.waitFor().exitCode());
        }
        long nanos = System.nanoTime() - started;
        got.expect(wanted);
        return nanos;
    }

    private static long theirs(String container, Repeated output) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("docker", "exec", "--user", Alike.USER, container));
        command.addAll(List.of(output.arguments("/workspace/block")));
        long started = System.nanoTime();
        Process process = new ProcessBuilder(command)
                .redirectOutput(Redirect.to(Path.of("/dev/null").toFile()))
                .redirectError(Redirect.INHERIT)
                .start();
        process.getOutputStream().close();
        requireZero(process.waitFor());
        return System.nanoTime() - started;
    }

    /** What is reachable while the stream runs, at a quarter, a half and three quarters of it. */
    private void heap(Sandbox sandbox, Repeated output, Content.Sum wanted) throws IOException {
        Footprint before = Footprint.now();
        double most = 0;
        Content.Sum got = new Content.Sum();
        try (SandboxProcess process = sandbox.start(output.command("block"))) {
            process.stdin().close();
            process.stderr().close();
            InputStream in = process.stdout();
            for (int quarter = 0; quarter < 3; quarter++) {
                got.drain(in, output.bytes() / 4);
                most = Math.max(most, Footprint.now().since(before).heapMegabytes());
            }
            got.drain(in);
            requireZero(process.waitFor().exitCode());
        }
        got.expect(wanted);
        report.say("%nHeap growth while it streams: %.1f MB (wanted: under %.0f).", most, MOST_GROWTH);
        if (most >= MOST_GROWTH) {
            throw new IllegalStateException("streaming took " + most + " MB of heap");
        }
    }

    private static void requireZero(int exitCode) {
        if (exitCode != 0) {
            throw new IllegalStateException("the command exited with " + exitCode);
        }
    }
}
