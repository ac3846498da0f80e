package dev.sandkeeper.benchmarks;

import dev.sandkeeper.SandboxFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.springaicommunity.sandbox.docker.DockerSandbox;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.images.builder.Transferable;

/** Moves files between this host and containers, and looks at what has arrived. */
final class FilesBench {
    private static final int SMALL = 1024;
    static final String UP = ", up";
    static final String DOWN = ", down";
    static final String CLI = "docker cp";

    private final Options options;
    private final Report report;

    FilesBench(Options options, Report report) {
        this.options = options;
        this.report = report;
    }

    void run() throws Exception {
        try (Host host = new Host(options)) {
            double small = small(host, Host.BUSYBOX);
            double smallDebian = small(host, Host.DEBIAN);
            double big = big(host, Host.BUSYBOX);
            double bigDebian = big(host, Host.DEBIAN);
            report.say(
                    "%nDebian with python3: small files %.1f times faster, big files %.2f times the time.",
                    smallDebian, bigDebian);
            host.requireNothingLeft();
            report.atLeast(
                    "small_file", small, 20, "p50 of docker cp / p50 of ours, 1 KB there and back again, busybox");
            report.atMost(
                    "big_file",
                    big,
                    1.25,
                    "p50 of ours / p50 of docker cp, " + megabytes() + " MB each way, the worse of both, busybox");
            report.end("files");
        }
    }

    private long megabytes() {
        return options.bytes() >> 20;
    }

    private double small(Host host, String image) throws Exception {
        try (Ours ours = new Ours(host, image, 1);
                AlikePeers alike = new AlikePeers(ours, 1, options.run());
                TestcontainersPeer testcontainers = new TestcontainersPeer(image, 1, options.run());
                AgentSandboxPeer agent = new AgentSandboxPeer(image, 1)) {
            byte[] bytes = Content.random(SMALL, 1);
            Path source = Files.write(host.directory().resolve("small"), bytes);
            Path target = host.directory().resolve("back");
            SandboxFiles files = ours.first().files();
            Timings measured = new Latency(
                            options.times(20, 4), options.times(10, 3), Duration.ofSeconds(options.times(3, 1)))
                    .of(List.of(
                            new Variant(Ours.NAME, worker -> {
                                files.write("small", bytes);
                                require(bytes, files.read("small"));
                            }),
                            new Variant(CLI, worker -> {
                                String inside = alike.container(0) + ":/workspace/small";
                                Cli.must("cp", source.toString(), inside);
                                Cli.must("cp", inside, target.toString());
                                require(bytes, Files.readAllBytes(target));
                            }),
                            new Variant(TestcontainersPeer.NAME, worker -> small(testcontainers.first(), bytes)),
                            new Variant(AgentSandboxPeer.NAME + ", text", worker -> small(agent.first(), worker))));
            report.title("1 KB there and back again, " + image);
            report.latency(measured);
            return measured.ratio(CLI, Ours.NAME);
        }
    }

    private static void small(GenericContainer<?> container, byte[] bytes) throws IOException {
        container.copyFileToContainer(Transferable.of(bytes), "/tmp/small");
        require(bytes, container.copyFileFromContainer("/tmp/small", InputStream::readAllBytes));
    }

    /** It knows text only. */
    private static void small(DockerSandbox sandbox, int seed) {
        String text = Character.toString('a' + seed).repeat(SMALL);
        if (!sandbox.files().create("small", text).read("small").equals(text)) {
            throw new IllegalStateException("agent-sandbox-docker changed the file");
        }
    }

    private double big(Host host, String image) throws Exception {
        try (Scratch scratch = Scratch.create();
                Ours ours = new Ours(host, image, 1);
                AlikePeers alike = new AlikePeers(ours, 1, options.run())) {
            Timings measured = new Timings();
            Path directory = scratch.directory();
            BigFiles files = new BigFiles(options.bytes(), directory, ours.first(), alike.container(0));
            files.prepare();
            Trees trees = new Trees(options.times(10_000, 500), directory, ours.first(), alike.container(0));
            trees.prepare();
            for (int round = 0; round < options.times(5, 2); round++) {
                files.round(measured);
                trees.round(measured);
            }
            report.title(megabytes() + " MB, and a tree of " + trees.count() + " files of 1 KB, " + image);
            report.latency(measured);
            return Math.max(ratio(measured, UP), ratio(measured, DOWN));
        }
    }

    private static double ratio(Timings measured, String way) {
        return measured.ratio(Ours.NAME + way, CLI + way);
    }

    static void require(byte[] wanted, byte[] got) {
        if (!Arrays.equals(wanted, got)) {
            throw new IllegalStateException(
                    "the file has changed on its way: " + wanted.length + " bytes, now " + got.length);
        }
    }
}
