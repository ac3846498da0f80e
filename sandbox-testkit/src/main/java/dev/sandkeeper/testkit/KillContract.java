package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackgroundCommand;
import dev.sandkeeper.BackgroundStatus;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInfo;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxQuery;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.internal.KillVictim;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What must hold when the host's JVM is killed at any moment: started again, nothing is left at the provider that has no live
 * row, and a sandbox that is alive can be used. Hosts are processes of their own, killed for real, on Linux.
 *
 * <p>The system property {@code sandkeeper.rounds} says how often each moment is tried; default 1. Where in the moment the
 * kill falls is random; the seed is in the failure.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
public abstract class KillContract {
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final Duration COMMAND_END = Duration.ofSeconds(10);
    private static final Duration PROCESS_END = Duration.ofSeconds(2);

    @TempDir
    Path directory;

    /** For subclasses. */
    protected KillContract() {}

    /**
     * What each JVM makes.
     *
     * @return the class of the subject
     */
    protected abstract Class<? extends KillSubject> subject();

    /**
     * The longest random time between the moment that a host tells of and its kill.
     *
     * @return default 500 milliseconds
     */
    protected Duration spread() {
        return Duration.ofMillis(500);
    }

    /**
     * How often each moment is tried.
     *
     * @return default what the system property says
     */
    protected int rounds() {
        return Integer.getInteger("sandkeeper.rounds", 1);
    }

    /**
     * Where the killed JVMs and those started after them keep their rows: each moment, each time, in a store of its own.
     *
     * @param directory of the test's own; it does not exist yet
     * @return default that directory, for an embedded store; else a database's URL of JDBC, which needs no password
     */
    protected String store(Path directory) {
        return directory.toString();
    }

    @Test
    final void killedBetweenTheIntentAndTheProvidersAnswer() throws IOException {
        for (int round = 0; round < rounds(); round++) {
            Random random = new Random();
            String store = store(directory.resolve("create-" + round));
            try (Host host = new Host(store, "create")) {
                host.read("INTENT ");
                linger(random);
            }
            try (SandboxManager manager = restart(store)) {
                allIsAccountedFor(manager);
                // The sandbox may have become ACTIVE before the kill; then it must be usable, else it must go.
                for (SandboxInfo info : live(manager)) {
                    if (info.state() == SandboxState.ACTIVE) {
                        useAndDestroy(manager, info.id());
                    }
                }
                nothingIsLeft(manager);
            }
        }
    }

    @Test
    final void killedWhileACommandRuns() throws IOException {
        for (int round = 0; round < rounds(); round++) {
            Random random = new Random();
            String store = store(directory.resolve("exec-" + round));
            String seconds = Integer.toString(100_000 + random.nextInt(900_000));
            SandboxId id;
            try (Host host = new Host(store, random.nextBoolean() ? "exec" : "start", seconds)) {
                id = SandboxId.of(host.read("ACTIVE ").substring("ACTIVE ".length()));
                await().atMost(PATIENCE).until(() -> runs(seconds));
                linger(random);
            }
            await().atMost(COMMAND_END.plusSeconds(1)).until(() -> !runs(seconds));
            try (SandboxManager manager = restart(store)) {
                allIsAccountedFor(manager);
                try (Sandbox sandbox = manager.connect(id)) {
                    assertThat(sandbox.exec("cat", "/workspace/note").stdout()).isEqualTo("kept\n");
                }
                useAndDestroy(manager, id);
                nothingIsLeft(manager);
            }
        }
    }

    @Test
    final void killedWhileATerminalIsOpen() throws IOException {
        try (SandboxBackend witness = make().backend()) {
            if (!witness.capabilities().contains(Capability.TERMINAL)) {
                return;
            }
        }
        for (int round = 0; round < rounds(); round++) {
            Random random = new Random();
            String store = store(directory.resolve("terminal-" + round));
            String seconds = Integer.toString(100_000 + random.nextInt(900_000));
            SandboxId id;
            try (Host host = new Host(store, "terminal", seconds)) {
                id = SandboxId.of(host.read("ACTIVE ").substring("ACTIVE ".length()));
                host.read("RUNNING");
                await().atMost(PATIENCE).until(() -> runs(seconds));
                linger(random);
            }
            await().atMost(COMMAND_END.plusSeconds(1)).until(() -> !runs(seconds));
            try (SandboxManager manager = restart(store)) {
                allIsAccountedFor(manager);
                useAndDestroy(manager, id);
                nothingIsLeft(manager);
            }
        }
    }

    @Test
    final void aCommandInTheBackgroundOutlivesItsHost() throws IOException {
        try (SandboxBackend witness = make().backend()) {
            if (!witness.capabilities().contains(Capability.BACKGROUND)) {
                return;
            }
        }
        String store = store(directory.resolve("background"));
        String seconds = Integer.toString(100_000 + new Random().nextInt(900_000));
        SandboxId id;
        try (Host host = new Host(store, "background", seconds)) {
            id = SandboxId.of(host.read("ACTIVE ").substring("ACTIVE ".length()));
            host.read("RUNNING");
        }
        await().during(Duration.ofSeconds(4)).atMost(COMMAND_END).until(() -> runs(seconds));
        try (SandboxManager manager = restart(store)) {
            try (Sandbox sandbox = manager.connect(id)) {
                BackgroundCommand command = sandbox.backgroundCommand("job").orElseThrow();
                assertThat(command.status().state()).isEqualTo(BackgroundStatus.State.RUNNING);
                assertThat(command.log().stdout().text()).isEqualTo("begun\n");
                command.end(Duration.ZERO);
                await().atMost(COMMAND_END).until(() -> !runs(seconds));
                assertThat(command.status().state()).isEqualTo(BackgroundStatus.State.EXITED);
            }
            useAndDestroy(manager, id);
            nothingIsLeft(manager);
        }
    }

    @Test
    final void killedDuringDestroy() throws IOException {
        for (int round = 0; round < rounds(); round++) {
            Random random = new Random();
            String store = store(directory.resolve("destroy-" + round));
            SandboxId id;
            try (Host host = new Host(store, "destroy")) {
                id = SandboxId.of(host.read("ACTIVE ").substring("ACTIVE ".length()));
                host.read("DESTROYING ");
                linger(random);
            }
            try (SandboxManager manager = restart(store)) {
                nothingIsLeft(manager);
                await().atMost(PATIENCE)
                        .until(() -> manager.find(id).orElseThrow().state() == SandboxState.CLEANED);
                assertThatThrownBy(() -> manager.connect(id)).isInstanceOf(SandboxGoneException.class);
            }
        }
    }

    @Test
    final void aSandboxOfProcessLifetimeGoesWithItsHost() throws IOException {
        try (SandboxBackend witness = make().backend()) {
            if (!witness.capabilities().contains(Capability.PROCESS_LIFETIME)) {
                return;
            }
            for (int round = 0; round < rounds(); round++) {
                String store = store(directory.resolve("process-" + round));
                String ref;
                try (Host host = new Host(store, "process")) {
                    String deployment = host.read("DEPLOYMENT ").substring("DEPLOYMENT ".length());
                    host.read("WAITING");
                    ref = witness.listOwned(deployment).resources().get(0).providerRef();
                    assertThat(witness.state(ref)).isEqualTo(ProviderState.PRESENT);
                }
                await().atMost(PROCESS_END)
                        .pollInterval(Duration.ofMillis(50))
                        .until(() -> witness.state(ref) == ProviderState.GONE);
                try (SandboxManager manager = restart(store)) {
                    nothingIsLeft(manager);
                }
            }
        }
    }

    private KillSubject make() {
        try {
            return subject().getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(
                    subject().getName() + " must be public and have a public constructor without parameters", e);
        }
    }

    private SandboxManager restart(String store) {
        return SandboxManager.builder()
                .backend(make().backend())
                .store(KillVictim.open(store))
                .cleanup(CleanupSettings.builder()
                        .lookInterval(Duration.ofMillis(200))
                        .lease(KillVictim.LEASE)
                        .sweepGrace(Duration.ofSeconds(2))
                        .sweepInterval(Duration.ofSeconds(1))
                        .build())
                .build();
    }

    private static List<SandboxInfo> live(SandboxManager manager) {
        return manager.list(SandboxQuery.all()).sandboxes();
    }

    /** Every resource of the deployment has a live row. */
    private void allIsAccountedFor(SandboxManager manager) {
        try (SandboxBackend witness = make().backend()) {
            String deployment = deployment(manager);
            for (OwnedResource resource : witness.listOwned(deployment).resources()) {
                Optional<SandboxInfo> row = manager.find(resource.sandboxId());
                assertThat(row).as("row of " + resource).isPresent();
            }
        }
    }

    private void useAndDestroy(SandboxManager manager, SandboxId id) {
        try (Sandbox sandbox = manager.connect(id)) {
            assertThat(sandbox.exec("echo", "alive").stdout()).isEqualTo("alive\n");
            sandbox.destroy();
        }
    }

    /** At the provider at once; a row may stay until no create can take effect any more. */
    private void nothingIsLeft(SandboxManager manager) {
        try (SandboxBackend witness = make().backend()) {
            String deployment = deployment(manager);
            await().atMost(PATIENCE)
                    .until(() -> witness.listOwned(deployment).resources().isEmpty()
                            && live(manager).stream().allMatch(info -> info.state() == SandboxState.CLEANING));
        }
    }

    private static String deployment(SandboxManager manager) {
        return manager.health().storeDetail().substring("deployment ".length());
    }

    private void linger(Random random) {
        long nanos = random.nextLong(spread().toNanos() + 1);
        long end = System.nanoTime() + nanos;
        while (end - System.nanoTime() > 0) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
    }

    /** Whether {@code sleep <seconds>} runs anywhere on this host: what is in a container or jail is seen from outside. */
    private static boolean runs(String seconds) {
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            return processes
                    .filter(each -> each.getFileName().toString().matches("[0-9]+"))
                    .anyMatch(each -> commandLine(each).matches("(?s)(.*/)?sleep\0" + seconds + "\0"));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String commandLine(Path process) {
        try {
            return Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    /** A JVM that is killed when it is closed. */
    private final class Host implements AutoCloseable {
        private final Process process;
        private final BufferedReader output;
        private final Path errors;

        Host(String store, String moment, String... more) throws IOException {
            this.errors = directory.resolve(moment + "-" + System.nanoTime() + ".err");
            Stream<String> command = Stream.concat(
                    Stream.of(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            // what the JVM itself says would come between the lines of the program
                            "-XX:+DisplayVMOutputToStderr",
                            "-Xlog:disable",
                            "-Xlog:all=warning:stderr",
                            "-Xmx128m",
                            "-XX:TieredStopAtLevel=1",
                            "-XX:+UseSerialGC",
                            "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                            "-cp",
                            System.getProperty("java.class.path"),
                            KillVictim.class.getName(),
                            subject().getName(),
                            store,
                            moment),
                    Stream.of(more));
            process = new ProcessBuilder(command.toList())
                    .redirectError(errors.toFile())
                    .start();
            output = process.inputReader(StandardCharsets.UTF_8);
        }

        String read(String start) throws IOException {
            String line = output.readLine();
            while (line != null && !line.startsWith(start)) {
                line = output.readLine();
            }
            if (line == null) {
                throw new IllegalStateException(
                        "the host ended before it said " + start + ": " + Files.readString(errors));
            }
            return line;
        }

        @Override
        public void close() {
            process.destroyForcibly();
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> !process.isAlive());
        }
    }
}
