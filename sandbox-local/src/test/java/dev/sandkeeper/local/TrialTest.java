package dev.sandkeeper.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.ProviderState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Finding out what this host can do, while another JVM does, and after one was killed in it. */
class TrialTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    Path directory;

    @Test
    void waitsForTheTrialOfAnotherJvmAndRemovesWhatThatLeavesAlive() throws Exception {
        try (Rig rig = new Rig(directory.resolve("state"));
                HostProcess other = HostProcess.start(rig.directory(), "trial")) {
            String ref = other.line();
            CompletableFuture<BackendHealth> health =
                    CompletableFuture.supplyAsync(() -> rig.backend().health());
            await().during(Duration.ofSeconds(1)).atMost(PATIENCE).until(() -> !health.isDone());
            assertThat(rig.holders(ref)).as("the trial that goes on").isNotEmpty();
            other.kill();
            assertThat(health.get().usable()).as(health.get().detail()).isTrue();
            assertThat(rig.holders(ref)).as("the trial of a dead JVM").isEmpty();
            assertThat(rig.backend().state(ref)).isEqualTo(ProviderState.GONE);
            assertThat(rig.backend().listOwned(Support.DEPLOYMENT).resources()).isEmpty();
        }
    }

    @Test
    void removesTheControlGroupsOfATrialThatWasKilledAndLeavesNone() throws IOException {
        try (Rig rig = new Rig(directory.resolve("state"))) {
            String trial = new StateDirectory(rig.directory()).fingerprint() + ".trial";
            CgroupMounts mounts = CgroupMounts.ofThisHost();
            Stream<Path> tried = mounts.version1().isEmpty()
                    ? mounts.version2().stream().limit(1)
                    : mounts.version1().values().stream();
            List<Path> groups = tried.filter(Files::isWritable)
                    .map(mount -> mount.resolve("sandkeeper").resolve(trial))
                    .toList();
            for (Path group : groups) {
                Files.createDirectories(group);
            }
            int capabilities = rig.backend().capabilities().size();
            assertThat(groups).noneMatch(Files::exists);
            try (LocalBackend again = rig.another()) {
                assertThat(again.capabilities()).hasSize(capabilities);
            }
        }
    }
}
