package dev.sandkeeper.benchmarks;

import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxProcess;
import java.io.IOException;
import java.util.List;

/** More output than there is memory: as a stream to its last byte, and bounded by {@code exec}. */
final class HeapRun {
    private final Options options;
    private final Report report;

    HeapRun(Options options, Report report) {
        this.options = options;
        this.report = report;
    }

    void run() throws Exception {
        long most = Runtime.getRuntime().maxMemory() >> 20;
        try (Host host = new Host(options);
                Scratch scratch = Scratch.create();
                Ours ours = new Ours(host, Host.BUSYBOX, 1)) {
            Repeated output = new Repeated(scratch.directory(), options.bytes());
            Sandbox sandbox = ours.first();
            sandbox.files().write("block", output.file());
            double streamed = stream(sandbox, output);
            double captured = capture(sandbox, output);
            report.title((output.bytes() >> 20) + " MB of output in a heap of " + most + " MB");
            report.table(
                    List.of("", "MB/s", "all of it"),
                    List.of(List.of("SandboxProcess", streamed, "yes"), List.of("exec", captured, "counted")));
        }
        report.say("%nheap: ok megabytes=%d heap_megabytes=%d", options.bytes() >> 20, most);
    }

    private static double stream(Sandbox sandbox, Repeated output) throws IOException {
        Content.Sum got = new Content.Sum();
        long started = System.nanoTime();
        try (SandboxProcess process = sandbox.start(output.command("block"))) {
            process.stdin().close();
            process.stderr().close();
            got.drain(process.stdout());
            int exitCode = process.waitFor().exitCode();
            if (exitCode != 0) {
                throw new IllegalStateException("the command exited with " + exitCode);
            }
        }
        double nanos = System.nanoTime() - started;
        got.expect(output.sum());
        return output.megabytesPerSecond(nanos);
    }

    private static double capture(Sandbox sandbox, Repeated output) {
        long started = System.nanoTime();
        ExecResult result = sandbox.exec(output.command("block")).orThrow();
        double nanos = System.nanoTime() - started;
        long total = result.stdoutCapture().totalBytes();
        if (total != output.bytes() || !result.truncated()) {
            throw new IllegalStateException("wanted " + output.bytes() + " bytes counted, got " + total);
        }
        return output.megabytesPerSecond(nanos);
    }
}
