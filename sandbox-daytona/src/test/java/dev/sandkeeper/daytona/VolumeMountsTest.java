package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class VolumeMountsTest {
    private final VolumeMounts volumes = new VolumeMounts();

    private void refused(String nameOrId, String mountPath, String... words) {
        assertThatIllegalArgumentException()
                .as(nameOrId + " at " + mountPath)
                .isThrownBy(() -> volumes.add(nameOrId, mountPath))
                .satisfies(e -> assertThat(e.getMessage()).contains(words));
    }

    @Test
    void takesVolumesBesideEachOther() {
        assertThat(volumes.wire()).isNull();
        volumes.add("cache of all", "/data");
        volumes.add("5b3c", "/data2");
        volumes.add("models", "/libraries/python3.13");
        volumes.add("scratch", "/tmp/scratch");
        volumes.add("home", "/home/daytona/.cache");
        volumes.add("near", "/workspaces");
        assertThat(volumes.wire())
                .hasSize(6)
                .startsWith(new Wire.Mount("cache of all", "/data"), new Wire.Mount("5b3c", "/data2"));
    }

    @Test
    void refusesWhereDaytonaMountsNothing() {
        for (String directory :
                new String[] {"/proc", "/sys", "/dev", "/boot", "/etc", "/bin", "/sbin", "/lib", "/lib64"}) {
            refused("v", directory, "mountPath", "\"" + directory + "\"", "such as /data");
            refused("v", directory + "/x", "mountPath", directory, "such as /data");
        }
    }

    @Test
    void refusesWhereEachSandboxHasFilesOfItsOwn() {
        for (String path :
                new String[] {"/workspace", "/workspace/data", "/tmp", "/tmp/.sandkeeper", "/tmp/.sandkeeper/x"}) {
            refused("v", path, "mountPath must be neither in", "\"" + path + "\"", "such as /data");
        }
    }

    @Test
    void refusesWhatIsNoPath() {
        for (String path : new String[] {
            "",
            "/",
            "data",
            "./data",
            "/data/",
            "//data",
            "/a//b",
            "/a/../workspace",
            "/a/./b",
            "/a..b",
            "/a\nb",
            "/a\0b",
            "/" + "x".repeat(255)
        }) {
            refused("v", path, "mountPath must");
        }
        assertThat(volumes.wire()).isNull();
    }

    @Test
    void refusesWhatIsNoNameOfAVolume() {
        for (String name : new String[] {"", " ", " v", "v ", "a\nb", "v".repeat(256)}) {
            refused(name, "/data", "nameOrId must be");
        }
    }

    @Test
    void refusesAVolumeThatHidesAnother() {
        volumes.add("one", "/data/one");
        for (String path : new String[] {"/data/one", "/data", "/data/one/two"}) {
            refused("two", path, "mountPath must be neither in nor above /data/one, where volume one is", path);
        }
        volumes.add("two", "/data/two");
        assertThat(volumes.wire()).hasSize(2);
    }
}
