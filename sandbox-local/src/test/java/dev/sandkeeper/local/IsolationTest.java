package dev.sandkeeper.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Attempts on the host, made from inside. */
class IsolationTest {
    @TempDir
    Path directory;

    private Rig rig;
    private BackendSandbox sandbox;

    @BeforeEach
    void create() {
        rig = new Rig(directory.resolve("state"));
        sandbox = rig.create();
    }

    @AfterEach
    void leavesNothing() throws IOException {
        rig.close();
    }

    private String shell(String text) {
        return Rig.shell(sandbox, text).text();
    }

    @Test
    void seesNothingOfTheHostsEnvironmentAnywhere() {
        assertThat(System.getenv()).isNotEmpty();
        assertThat(shell("cat /proc/[0-9]*/environ | tr '\\0' '\\n' | sed 's/=.*//' | sort -u")
                        .lines())
                .isSubsetOf("PATH", "HOME", "LANG", "LC_ALL", "PWD", "_", "SHLVL", "OLDPWD");
    }

    @Test
    void seesNoFilesOfTheHost() throws IOException {
        Path secret = Files.writeString(directory.resolve("secret"), "secret");
        assertThat(shell("cat " + secret + " || echo refused")).isEqualTo("refused\n");
        String tried =
                "for f in /etc/shadow /root /home /var/run/docker.sock /run/docker.sock /sys /boot /mnt /opt /srv"
                        + " /var/lib " + rig.directory() + "; do [ -e $f ] && echo $f; done; echo end";
        assertThat(shell(tried)).isEqualTo("end\n");
        assertThat(shell("ls /run; ls /var; ls /").lines())
                .isSubsetOf(
                        "run",
                        "tmp",
                        "bin",
                        "dev",
                        "etc",
                        "lib",
                        "lib32",
                        "lib64",
                        "libx32",
                        "proc",
                        "sbin",
                        "usr",
                        "var",
                        "workspace");
        assertThat(shell("ls /etc").lines()).contains("passwd").doesNotContain("shadow", "ssh", "sudoers", "hostname");
        assertThat(shell("cat /etc/passwd").lines()).hasSize(2);
    }

    @Test
    void cannotChangeTheSystem() {
        String tries = "for f in /x /usr/x /usr/bin/x /etc/x /etc/passwd /dev/x /proc/sys/kernel/core_pattern"
                + " /proc/sys/kernel/hostname /proc/sysrq-trigger; do (echo x >> $f) 2>/dev/null && echo $f; done; echo end";
        assertThat(shell(tries)).isEqualTo("end\n");
        assertThat(shell("mount -o remount,bind,rw /usr 2>/dev/null || echo refused"))
                .isEqualTo("refused\n");
        assertThat(shell("mount -t tmpfs x /tmp 2>/dev/null || echo refused")).isEqualTo("refused\n");
        assertThat(shell("umount /usr 2>/dev/null || echo refused")).isEqualTo("refused\n");
    }

    @Test
    void hasNoRightsToGain() {
        List<String> status = shell("cat /proc/self/status").lines().toList();
        for (String set : List.of("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")) {
            assertThat(status).contains(set + ":\t0000000000000000");
        }
        assertThat(status).contains("NoNewPrivs:\t1", "Uid:\t1000\t1000\t1000\t1000");
        assertThat(
                        shell(
                                "for flag in -U -m -n -p -i -u -C; do unshare $flag true 2>/dev/null && echo $flag; done; echo end"))
                .isEqualTo("end\n");
        assertThat(shell("setpriv --reuid 0 true 2>/dev/null || echo refused")).isEqualTo("refused\n");
        assertThat(shell("chown 0:0 . 2>/dev/null || echo refused")).isEqualTo("refused\n");
    }

    @Test
    void isFilteredWhereThereIsATable() {
        boolean filtered = Seccomp.filter(System.getProperty("os.arch")).length > 0;
        assertThat(shell("grep Seccomp: /proc/self/status")).isEqualTo("Seccomp:\t" + (filtered ? 2 : 0) + "\n");
    }

    @Test
    void reachesNoNetworkButItsOwnLoopback() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String perl = "use IO::Socket::INET; IO::Socket::INET->new(PeerAddr=>$ARGV[0],PeerPort=>"
                    + server.getLocalPort() + ",Timeout=>3) or die \"$!\\n\"";
            assertThat(shell("perl -e '" + perl + "' 127.0.0.1 2>&1")).contains("refused");
            assertThat(shell("perl -e '" + perl + "' 192.0.2.1 2>&1")).contains("unreachable");
            assertThat(shell("cat /proc/net/dev").lines().skip(2))
                    .allMatch(line -> line.strip().startsWith("lo:"));
            try (BackendSandbox open = rig.create(
                    SandboxSpec.builder().network(Network.hostNetwork()).build())) {
                assertThat(Rig.shell(open, "perl -e '" + perl + "' 127.0.0.1 && echo connected")
                                .text())
                        .as("by name, the host's network is there")
                        .isEqualTo("connected\n");
            }
        }
    }

    @Test
    void hasALoopbackThatWorksBetweenCommands() {
        String serve =
                "perl -MIO::Socket::INET -e '$s=IO::Socket::INET->new(LocalAddr=>\"127.0.0.1\",LocalPort=>8080,Listen=>1)"
                        + " or die; $|=1; print \"up\\n\"; close STDOUT; $c=$s->accept; print $c \"hello\\n\"' & sleep 0.5";
        assertThat(shell(serve)).isEqualTo("up\n");
        assertThat(shell("perl -MIO::Socket::INET -e '$s=IO::Socket::INET->new(PeerAddr=>\"127.0.0.1:8080\") or die;"
                        + " print <$s>'"))
                .isEqualTo("hello\n");
    }

    @Test
    void seesAndHarmsOnlyItsOwnProcesses() {
        assertThat(shell("ls -d /proc/[0-9]* | wc -l").strip())
                .satisfies(count -> assertThat(Integer.parseInt(count)).isLessThan(10));
        Rig.shell(sandbox, "kill -9 -1");
        Rig.shell(sandbox, "kill -9 1");
        assertThat(shell("echo alive")).isEqualTo("alive\n");
    }

    @Test
    void keepsWorkspaceAndTmpBetweenCommandsAndApartFromOthers() {
        shell("echo w > w; echo t > /tmp/t; echo s > /dev/shm/s");
        assertThat(shell("cat w /tmp/t /dev/shm/s")).isEqualTo("w\nt\ns\n");
        BackendSandbox other = rig.create();
        assertThat(Rig.shell(other, "ls -A /workspace /tmp /dev/shm").text().lines())
                .containsExactly("/dev/shm:", "", "/tmp:", "", "/workspace:");
    }

    @Test
    void bringsNoFileDescriptorIn() {
        assertThat(shell("ls /proc/self/fd").lines()).containsExactly("0", "1", "2", "3");
    }
}
