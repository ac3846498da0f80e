package dev.sandkeeper.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Other users, other character sets, other root file systems, and many at the same time. */
class HostsTest {
    @TempDir
    Path directory;

    @Test
    void worksForAnOrdinaryUser() throws Exception {
        boolean root = Proc.ownUid() == 0;
        try (HostProcess host = root
                ? HostProcess.startAs(4242, directory, "smoke")
                : HostProcess.start(directory.resolve("state"), "smoke")) {
            assertThat(host.line()).isEqualTo("passed");
            assertThat(host.awaitEnd()).isZero();
        }
    }

    @Test
    void worksInAJvmOfThePosixLocale() throws Exception {
        try (HostProcess host = HostProcess.startInPosixLocale(directory.resolve("state"), "smoke")) {
            assertThat(host.line()).isEqualTo("passed");
            assertThat(host.awaitEnd()).isZero();
        }
    }

    @Test
    void takesADirectoryAsImageAlthoughItHasNoMountPoints() throws IOException {
        Path image = Files.createDirectories(directory.resolve("image"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.createDirectories(image.resolve("bin"));
        Files.createDirectories(image.resolve("etc"));
        Files.writeString(image.resolve("etc/of-the-image"), "yes\n");
        Files.copy(Path.of("/bin/busybox"), image.resolve("bin/busybox"));
        for (String name : List.of("sh", "cat", "ls", "id", "env")) {
            Files.createSymbolicLink(image.resolve("bin").resolve(name), Path.of("busybox"));
        }
        try (Stream<Path> all = Files.walk(image)) {
            for (Path path : all.filter(Files::exists).toList()) {
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
        }
        try (Rig rig = new Rig(directory.resolve("state"))) {
            BackendSandbox sandbox =
                    rig.create(SandboxSpec.builder().image(image.toString()).build());
            assertThat(Rig.shell(sandbox, "cat /etc/of-the-image; id -u; ls /; echo x > f; cat f")
                            .text()
                            .lines())
                    .containsExactly("yes", "1000", "bin", "dev", "etc", "proc", "tmp", "workspace", "x");
            assertThat(Rig.shell(sandbox, "echo x > /etc/of-the-image").exitCode())
                    .isNotZero();
        }
        assertThat(Files.readString(image.resolve("etc/of-the-image"))).isEqualTo("yes\n");
    }

    @Test
    void createsAndDestroysFromManyThreadsOfSeveralBackends() throws Exception {
        try (Rig rig = new Rig(directory.resolve("state"));
                LocalBackend other = rig.another()) {
            Set<String> refs = ConcurrentHashMap.newKeySet();
            Set<Integer> users = ConcurrentHashMap.newKeySet();
            ExecutorService threads = Executors.newFixedThreadPool(8);
            try {
                List<Future<?>> tasks = Collections.nCopies(24, 0).stream()
                        .<Future<?>>map(ignored -> threads.submit(() -> {
                            LocalBackend backend = refs.size() % 2 == 0 ? rig.backend() : other;
                            BackendSandbox sandbox = backend.create(
                                    Rig.request(SandboxSpec.builder().build()));
                            refs.add(sandbox.providerRef());
                            assertThat(Rig.shell(sandbox, "echo $$").exitCode()).isZero();
                            SandboxRef ref =
                                    SandboxRef.parse(sandbox.providerRef()).orElseThrow();
                            Description description = new StateDirectory(rig.directory()).description(ref);
                            assertThat(description).isNotNull();
                            if (description.uid() >= 0) {
                                assertThat(users.add(description.uid()))
                                        .as("a user of its own")
                                        .isTrue();
                            }
                            (backend == other ? rig.backend() : other).destroy(sandbox.providerRef());
                            users.remove(description.uid());
                            return null;
                        }))
                        .toList();
                for (Future<?> task : tasks) {
                    task.get();
                }
            } finally {
                threads.shutdownNow();
            }
            assertThat(refs).hasSize(24);
            assertThat(rig.backend().listOwned(Rig.DEPLOYMENT).resources()).isEmpty();
        }
    }

    @Test
    void namesTheRemedyWhereTheHostCannotIsolateAndLeavesNothing() throws IOException {
        assertThat(Tools.find("/nonexistent").remedy())
                .hasValueSatisfying(remedy -> assertThat(remedy).contains("bwrap", "\"bubblewrap\""));
        assertThat(Tools.find(Tools.PATH).remedy()).isEmpty();
        assertThat(Remedies.of("unshare: unshare failed: No space left on device"))
                .contains("max_user_namespaces");
        assertThat(Remedies.of("unshare: unshare failed: Operation not permitted"))
                .contains("--security-opt");
        assertThat(Remedies.of("setpriv: setresuid failed: Invalid argument")).contains("uidRange");
        assertThat(Remedies.of("unshare: unrecognized option: r")).contains("util-linux");
        if (Proc.ownUid() == 0) {
            // The last users there are: as good as a host without them.
            Path state = directory.resolve("none");
            try (LocalBackend backend = LocalBackend.builder()
                    .stateDirectory(state)
                    .uidRange(1_900_000_000, 1)
                    .build()) {
                BackendSandbox first =
                        backend.create(Rig.request(SandboxSpec.builder().build()));
                assertThat(Rig.code(() ->
                                backend.create(Rig.request(SandboxSpec.builder().build()))))
                        .isEqualTo("uids_exhausted");
                assertThat(backend.listOwned(Rig.DEPLOYMENT).resources()).hasSize(1);
                backend.destroy(first.providerRef());
                assertThat(backend.listOwned(Rig.DEPLOYMENT).resources()).isEmpty();
            }
        }
    }
}
