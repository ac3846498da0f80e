package dev.sandkeeper.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostVolumesTest {
    private static final String NAME = "sandkeeper-d-1";

    @TempDir
    Path directory;

    private final HostVolumes volumes = new HostVolumes();

    private Path volume() throws IOException {
        return Files.createDirectories(directory.resolve(NAME).resolve("_data"));
    }

    private static int uid(Path path) throws IOException {
        return (Integer) Files.getAttribute(path, "unix:uid");
    }

    @Test
    void givesAVolumeOfRootsIfItMay() throws IOException {
        Path volume = volume();
        boolean root = uid(volume) == 0;
        assertThat(volumes.give(volume, NAME, 4711, 4712)).isEqualTo(root);
        assertThat(uid(volume) == 4711).isEqualTo(root);
        assertThat((Integer) Files.getAttribute(volume, "unix:gid") == 4712).isEqualTo(root);
        assertThat(volumes.mayBeHere()).isEqualTo(root);
    }

    @Test
    void leavesAloneWhatIsNoVolumeOfThatName() throws IOException {
        Path volume = volume();
        int owner = uid(volume);
        assertThat(volumes.give(volume, "another", 4711, 4711)).isFalse();
        assertThat(volumes.give(volume, "", 4711, 4711)).isFalse();
        assertThat(volumes.give(volume.getParent(), NAME, 4711, 4711)).isFalse();
        assertThat(volumes.give(Path.of("/"), NAME, 4711, 4711)).isFalse();
        assertThat(uid(volume)).isEqualTo(owner);
        assertThat(volumes.mayBeHere()).isTrue();
    }

    @Test
    void leavesAloneWhatALinkLeadsToAndWhatIsSomebodys() throws IOException {
        Path other = Files.createDirectory(directory.resolve("other"));
        int owner = uid(other);
        Files.createDirectory(directory.resolve(NAME));
        Path link = Files.createSymbolicLink(directory.resolve(NAME).resolve("_data"), other);
        assertThat(volumes.give(link, NAME, 4711, 4711)).isFalse();
        assertThat(uid(other)).isEqualTo(owner);
        assertThat(volumes.mayBeHere()).isFalse();

        Files.delete(link);
        Path taken = volume();
        HostVolumes fresh = new HostVolumes();
        if (fresh.give(taken, NAME, 4711, 4711)) {
            assertThat(fresh.give(taken, NAME, 4713, 4713)).isFalse();
            assertThat(uid(taken)).isEqualTo(4711);
        }
    }

    @Test
    void isNotTriedAgainWhereTheEngineIsElsewhere() throws IOException {
        assertThat(volumes.give(directory.resolve("none").resolve("_data"), "none", 4711, 4711))
                .isFalse();
        assertThat(volumes.mayBeHere()).isFalse();
        assertThat(volumes.give(volume(), NAME, 4711, 4711)).isFalse();
        assertThat(HostVolumes.none().mayBeHere()).isFalse();
    }
}
