package dev.sandkeeper.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.spi.ResourceUsage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostCgroupsTest {
    private static final String ID = "0123456789abcdef".repeat(4);

    @TempDir
    Path directory;

    private HostCgroups groups() {
        return new HostCgroups(directory.resolve("proc"), directory.resolve("cgroup"));
    }

    private void write(String file, String text) throws IOException {
        Path path = directory.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    @Test
    void readsVersionOneWithControllersMountedTogether() throws IOException {
        write("proc/7/cgroup", "4:memory:/docker/" + ID + "\n3:cpu,cpuacct:/docker/" + ID + "\n0::/x\n");
        write("cgroup/memory/docker/" + ID + "/memory.usage_in_bytes", "1000\n");
        write("cgroup/memory/docker/" + ID + "/memory.max_usage_in_bytes", "2000\n");
        write("cgroup/cpu,cpuacct/docker/" + ID + "/cpuacct.usage", "3000000\n");
        assertThat(groups().usage(ID, 7)).contains(new ResourceUsage(Duration.ofMillis(3), 1000L, 2000L, null));
    }

    @Test
    void readsVersionTwoAlsoWithoutAPeak() throws IOException {
        String group = "cgroup/system.slice/docker-" + ID + ".scope";
        write("proc/7/cgroup", "0::/system.slice/docker-" + ID + ".scope\n");
        write(group + "/cpu.stat", "usage_usec 5000\nuser_usec 1\n");
        write(group + "/memory.current", "1000\n");
        assertThat(groups().usage(ID, 7)).contains(new ResourceUsage(Duration.ofMillis(5), 1000L, null, null));
        write(group + "/memory.peak", "2000\n");
        assertThat(groups().usage(ID, 7)).contains(new ResourceUsage(Duration.ofMillis(5), 1000L, 2000L, null));
    }

    @Test
    void knowsNothingOfAProcessThatIsNotTheContainers() throws IOException {
        write("proc/7/cgroup", "4:memory:/user/1\n3:cpuacct:/user/1\n0::/\n");
        assertThat(groups().usage(ID, 7)).isEmpty();
        assertThat(groups().usage(ID, 8)).isEmpty();
        assertThat(groups().usage(ID, 0)).isEmpty();
        write("proc/9/cgroup", "0::/docker/" + ID + "\n");
        assertThat(groups().usage(ID, 9))
                .as("a group that is not to be seen here")
                .isEmpty();
    }
}
