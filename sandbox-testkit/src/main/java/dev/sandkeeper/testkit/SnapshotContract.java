package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.Snapshot;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.BackgroundRequest;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.SandboxBackend;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Images of sandboxes, and what is made from them. What a backend without them answers is tested once. */
abstract class SnapshotContract extends TerminationContract {
    private static final String FILE = "/workspace/file";

    private boolean used;

    /** For subclasses. */
    SnapshotContract() {}

    @AfterEach
    void deletesItsSnapshots() {
        if (used) {
            SandboxBackend cleaner = another();
            cleaner.snapshots(deployment()).forEach(each -> cleaner.deleteSnapshot(deployment(), each.image()));
            assertThat(cleaner.snapshots(deployment()))
                    .as("snapshots that are left at the provider after the test")
                    .isEmpty();
        }
    }

    private boolean snapshots() {
        used = first().capabilities().contains(Capability.SNAPSHOT);
        return used;
    }

    @Test
    void makesSnapshotsOrRefuses() {
        String ref = sandbox().providerRef();
        if (!snapshots()) {
            assertMissing(Capability.SNAPSHOT, () -> first().snapshot(deployment(), ref, "one"));
            assertMissing(Capability.SNAPSHOT, () -> first().snapshots(deployment()));
            assertMissing(Capability.SNAPSHOT, () -> first().deleteSnapshot(deployment(), "one"));
            return;
        }
        Snapshot snapshot = first().snapshot(deployment(), ref, "a-1");
        assertThat(snapshot.backend()).isEqualTo(first().name());
        assertThat(snapshot.name()).isEqualTo("a-1");
        assertThat(first().state(ref)).isEqualTo(ProviderState.PRESENT);
        assertThat(another().snapshots(deployment())).singleElement().satisfies(each -> {
            assertThat(each.name()).isEqualTo("a-1");
            assertThat(each.image()).isEqualTo(snapshot.image());
        });
    }

    @Test
    void createsASandboxThatHasTheFilesOfTheSnapshotAndNothingLater() {
        if (!snapshots()) {
            return;
        }
        write(FILE, "before");
        shell("mkdir d && ln -s ../file d/link");
        Snapshot snapshot = first().snapshot(deployment(), sandbox().providerRef(), "files");
        write(FILE, "after");
        write("/workspace/later", "later");
        BackendSandbox copy = createFrom(snapshot);
        assertThat(copy.providerRef()).isNotEqualTo(sandbox().providerRef());
        assertThat(start(copy, script("cat d/link"), new Output()).awaitEnd().text())
                .isEqualTo("before");
        assertThatThrownBy(() -> copy.files().stat("/workspace/later")).isInstanceOf(FileAccessException.class);
        copy.files().write(FILE, new ByteArrayInputStream("copy".getBytes(StandardCharsets.UTF_8)), -1);
        assertThat(read(FILE)).isEqualTo("after");
    }

    @Test
    void leavesWhatRunsAloneAndStartsTheSnapshotsSandboxesWithoutIt() {
        if (!snapshots()) {
            return;
        }
        if (first().capabilities().contains(Capability.BACKGROUND)) {
            sandbox()
                    .background()
                    .start(new BackgroundRequest(
                            "server", script("while :; do sleep 0.1; done"), Duration.ofSeconds(1), 65_536));
        }
        start(script("echo ready; " + BEATING)).awaitText("ready");
        assertBeats();
        Snapshot snapshot = first().snapshot(deployment(), sandbox().providerRef(), "running");
        assertBeats();
        BackendSandbox copy = createFrom(snapshot);
        long beats = copy.files().stat("/workspace/beat").size();
        pause(Duration.ofMillis(500));
        assertThat(copy.files().stat("/workspace/beat").size())
                .as("beats of a command of the first sandbox in the second one")
                .isEqualTo(beats);
        if (first().capabilities().contains(Capability.BACKGROUND)) {
            assertThat(copy.background().list()).isEmpty();
            assertThat(sandbox().background().list()).hasSize(1);
        }
        first().destroy(copy.providerRef());
        assertBeats();
    }

    @Test
    void keepsSnapshotsOfItsDeploymentUntilTheyAreDeleted() {
        if (!snapshots()) {
            return;
        }
        write(FILE, "kept");
        String ref = sandbox().providerRef();
        Snapshot one = first().snapshot(deployment(), ref, "one");
        Snapshot two = first().snapshot(deployment(), ref, "two");
        sandbox().close();
        first().destroy(ref);
        assertThat(first().snapshots(deployment() + "x")).isEmpty();
        assertThat(first().snapshots(deployment().substring(0, 8))).isEmpty();
        assertImages(one, two);

        first().deleteSnapshot(deployment() + "x", one.image());
        assertImages(one, two);
        first().deleteSnapshot(deployment(), one.image());
        assertThatCode(() -> another().deleteSnapshot(deployment(), one.image()))
                .doesNotThrowAnyException();
        assertImages(two);
        assertThatThrownBy(() -> createFrom(one)).isInstanceOf(BackendRejectedException.class);
        assertThat(start(createFrom(two), script("cat file"), new Output())
                        .awaitEnd()
                        .text())
                .isEqualTo("kept");
    }

    private void assertImages(Snapshot... wanted) {
        assertThat(another().snapshots(deployment()))
                .extracting(Snapshot::image)
                .containsExactlyInAnyOrderElementsOf(
                        List.of(wanted).stream().map(Snapshot::image).toList());
    }

    @Test
    void refusesASnapshotOfABadNameOfAUsedOneAndOfASandboxThatIsGone() {
        if (!snapshots()) {
            return;
        }
        String ref = sandbox().providerRef();
        for (String bad : List.of("", "A", "a_b", "a/b", "a:b", "x".repeat(41))) {
            assertThatThrownBy(() -> first().snapshot(deployment(), ref, bad))
                    .as("\"%s\"", bad)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        Snapshot longest = first().snapshot(deployment(), ref, "x".repeat(40));
        assertThatThrownBy(() -> another().snapshot(deployment(), ref, "x".repeat(40)))
                .isInstanceOfSatisfying(SandboxConflictException.class, e -> {
                    assertThat(e.code()).isEqualTo("snapshot_exists");
                    assertThat(e.remedy()).isPresent();
                });
        first().deleteSnapshot(deployment(), longest.image());
        first().snapshot(deployment(), ref, "x".repeat(40));
        first().destroy(ref);
        assertThatThrownBy(() -> first().snapshot(deployment(), ref, "gone")).isInstanceOf(SandboxGoneException.class);
    }

    private BackendSandbox createFrom(Snapshot snapshot) {
        return first().create(request(spec().toBuilder().image(snapshot.image()).build(), Map.of()));
    }
}
