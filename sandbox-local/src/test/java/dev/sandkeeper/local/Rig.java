package dev.sandkeeper.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A backend over a directory of its own; closing it insists that nothing is left on the host. */
final class Rig implements AutoCloseable {
    static final String DEPLOYMENT = "rig";

    private final Path directory;
    private final LocalBackend backend;

    Rig(Path directory) {
        this.directory = directory;
        this.backend = another();
    }

    LocalBackend backend() {
        return backend;
    }

    Path directory() {
        return directory;
    }

    /** As another JVM would have it. */
    LocalBackend another() {
        return LocalBackend.builder().stateDirectory(directory).build();
    }

    BackendSandbox create() {
        return create(SandboxSpec.builder().build());
    }

    BackendSandbox create(SandboxSpec spec) {
        return backend.create(request(spec));
    }

    static ProvisionRequest request(SandboxSpec spec) {
        return request(DEPLOYMENT, spec);
    }

    static ProvisionRequest request(String deployment, SandboxSpec spec) {
        return new ProvisionRequest(
                deployment, new SandboxId(UUID.randomUUID()), Instant.EPOCH, null, spec, Map.of(), text -> {});
    }

    static ProcessRequest script(String text) {
        return new ProcessRequest(List.of("sh", "-c", text), Map.of(), "/workspace", null, false, null);
    }

    static ProcessRequest withDeadline(String text, Duration deadline) {
        return new ProcessRequest(List.of("sh", "-c", text), Map.of(), "/workspace", null, false, deadline);
    }

    static Result run(BackendSandbox sandbox, ProcessRequest request) {
        Result result = new Result();
        try (BackendProcess process = sandbox.start(request)) {
            result.status = process.pump(result);
            return result;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    static Result shell(BackendSandbox sandbox, String text) {
        return run(sandbox, script(text));
    }

    /** The processes on this host that keep a sandbox of this directory. */
    List<ProcessIdentity> holders(String ref) throws IOException {
        return Proc.withArgument(
                new StateDirectory(directory).marker(SandboxRef.parse(ref).orElseThrow()));
    }

    /** How many processes of a sandbox have that argument. */
    long processes(String ref, String argument) {
        try {
            Description description = new StateDirectory(directory)
                    .description(SandboxRef.parse(ref).orElseThrow());
            assertThat(description).isNotNull();
            int uid = description.uid() < 0 ? Proc.ownUid() : description.uid();
            return Proc.withArgument(argument).stream()
                    .filter(process -> uid == uid(process))
                    .count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static int uid(ProcessIdentity process) {
        try {
            return (Integer) Files.getAttribute(Path.of("/proc", Long.toString(process.pid())), "unix:uid");
        } catch (IOException e) {
            // it has ended meanwhile
            return -1;
        }
    }

    @Override
    public void close() throws IOException {
        backend.listOwned(DEPLOYMENT).resources().forEach(resource -> backend.destroy(resource.providerRef()));
        backend.close();
        assertNothingIsLeft();
    }

    void assertNothingIsLeft() throws IOException {
        String fingerprint = new StateDirectory(directory).fingerprint();
        assertThat(Proc.all().stream()
                        .flatMap(process -> process.arguments().stream())
                        .filter(argument -> argument.startsWith("sandkeeper-holder:" + fingerprint)))
                .as("processes")
                .isEmpty();
        for (Path parent : cgroupParents()) {
            assertThat(entries(parent))
                    .as("control groups")
                    .noneMatch(group -> group.getFileName().toString().startsWith(fingerprint));
        }
        assertThat(Files.readString(Path.of("/proc/self/mounts"))).as("mounts").doesNotContain(directory.toString());
        assertThat(directory.resolve(DEPLOYMENT)).as("directories").doesNotExist();
        assertThat(entries(directory.resolve(".uids"))).as("users").isEmpty();
    }

    /** Where control groups may be. */
    static List<Path> cgroupParents() {
        CgroupMounts mounts = CgroupMounts.ofThisHost();
        return Stream.concat(mounts.version1().values().stream(), mounts.version2().stream())
                .map(mount -> mount.resolve("sandkeeper"))
                .toList();
    }

    static List<Path> entries(Path path) throws IOException {
        try (Stream<Path> entries = Files.list(path)) {
            return entries.toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    /** What a command printed and how it ended. */
    static final class Result implements OutputSink {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final ByteArrayOutputStream err = new ByteArrayOutputStream();
        private @Nullable ExitStatus status;

        @Override
        public synchronized void stdout(byte[] buffer, int offset, int length) {
            out.write(buffer, offset, length);
        }

        @Override
        public synchronized void stderr(byte[] buffer, int offset, int length) {
            err.write(buffer, offset, length);
        }

        synchronized String text() {
            return out.toString(StandardCharsets.UTF_8);
        }

        synchronized String errors() {
            return err.toString(StandardCharsets.UTF_8);
        }

        int exitCode() {
            if (status == null) {
                throw new AssertionError("it has not ended");
            }
            return status.exitCode();
        }

        @Override
        public String toString() {
            return status + " stdout=\"" + text() + "\" stderr=\"" + errors() + "\"";
        }
    }

    /** For lambdas. */
    static String code(Runnable call) {
        try {
            call.run();
            return "";
        } catch (SandboxException e) {
            return e.code();
        }
    }
}
