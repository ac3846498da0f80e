package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Command;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.store.SandboxStore;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** Commands and small files of a local sandbox, beside a {@code bwrap} of one's own for each command. */
final class LocalCommands {
    private static final String BY_SHELL = "Sandkeeper, local";
    private static final String BY_ITSELF = "Sandkeeper, local, a process of its own";
    private static final String BARE = "bwrap";
    private static final String SMALL_FILE = "Sandkeeper, local, 1 KB there and back again";
    private static final List<String> BARE_TRUE =
            List.of("bwrap", "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "true");

    private final Options options;
    private final Report report;

    LocalCommands(Options options, Report report) {
        this.options = options;
        this.report = report;
    }

    void run() throws Exception {
        try (Scratch scratch = Scratch.create();
                SandboxManager manager = SandboxManager.builder()
                        .backend(LocalBackend.builder()
                                .stateDirectory(scratch.directory().resolve("state"))
                                .build())
                        .store(SandboxStore.inMemory())
                        .build()) {
            Sandbox sandbox = manager.create(
                    SandboxSpec.builder().timeToLive(Duration.ofHours(2)).build());
            byte[] bytes = Content.random(1024, 1);
            Command.Builder command = Command.builder("true").deadline(Duration.ofSeconds(60));
            Command byShell = command.build();
            Command byItself = command.freshExec().build();
            Timings measured = new Latency(
                            options.times(20, 4), options.times(10, 5), Duration.ofSeconds(options.times(3, 1)))
                    .of(List.of(
                            new Variant(
                                    BY_SHELL, worker -> sandbox.exec(byShell).orThrow()),
                            new Variant(
                                    BY_ITSELF, worker -> sandbox.exec(byItself).orThrow()),
                            new Variant(BARE, worker -> bare()),
                            new Variant(SMALL_FILE, worker -> {
                                sandbox.files().write("small", bytes);
                                if (!Arrays.equals(bytes, sandbox.files().read("small"))) {
                                    throw new IllegalStateException("another file came back");
                                }
                            })));
            sandbox.destroy();
            report.title("`true` on this host without an engine, one thread, ms");
            report.latency(measured);
            report.say(
                    "%nA local command is %.1f times faster than one with a process of its own, and %.1f times than bwrap.",
                    measured.ratio(BY_ITSELF, BY_SHELL), measured.ratio(BARE, BY_SHELL));
        }
    }

    private static void bare() throws Exception {
        int exitCode = new ProcessBuilder(BARE_TRUE).inheritIO().start().waitFor();
        if (exitCode != 0) {
            throw new IllegalStateException("bwrap exited with " + exitCode);
        }
    }
}
