package dev.sandkeeper.docker;

import static dev.sandkeeper.docker.Sandboxes.sh;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.slf4j.LoggerFactory;

class HardeningTest {
    @RegisterExtension
    final Sandboxes sandboxes = new Sandboxes();

    private InspectContainerResponse inspect(BackendSandbox sandbox) {
        return sandboxes
                .engine()
                .ask(client -> client.inspectContainerCmd(sandbox.providerRef()).exec());
    }

    @Test
    void asksTheEngineForEveryDefault() {
        HostConfig config = inspect(sandboxes.create()).getHostConfig();
        assertThat(config.getCapDrop()).containsExactly(Capability.ALL);
        assertThat(config.getCapAdd()).isNullOrEmpty();
        assertThat(config.getSecurityOpts()).containsExactly("no-new-privileges");
        assertThat(config.getPrivileged()).isFalse();
        assertThat(config.getInit()).isTrue();
        assertThat(config.getPidsLimit()).isEqualTo(256);
        assertThat(config.getMemory()).isEqualTo(512L << 20);
        assertThat(config.getMemorySwap()).isEqualTo(512L << 20);
        assertThat(config.getNanoCPUs()).isEqualTo(1_000_000_000L);
        assertThat(config.getReadonlyRootfs()).isTrue();
        assertThat(config.getNetworkMode()).isEqualTo("none");
        assertThat(config.getIpcMode()).isEqualTo("private");
        assertThat(config.getCgroupnsMode()).isEqualTo("private");
        assertThat(config.getPidMode()).isEmpty();
        assertThat(config.getLogConfig().getType()).isEqualTo(LogConfig.LoggingType.NONE);
        assertThat(config.getUlimits())
                .extracting(limit -> limit.getName() + " " + limit.getSoftLong() + ":" + limit.getHardLong())
                .containsExactlyInAnyOrder("nofile 1024:4096", "core 0:0");
        assertThat(config.getTmpFs().get("/tmp")).contains("size=268435456", "exec", "nosuid", "nodev");
        assertThat(config.getBinds()).isNullOrEmpty();
        assertThat(config.getRestartPolicy().getName()).isIn("", "no");
    }

    @Test
    void isClosedAsSeenFromInside() {
        BackendSandbox sandbox = sandboxes.create();
        String status = sh(sandbox, "cat /proc/self/status").out();
        assertThat(status)
                .containsPattern("CapEff:\\s+0{16}\\n")
                .containsPattern("CapPrm:\\s+0{16}\\n")
                .containsPattern("CapBnd:\\s+0{16}\\n")
                .containsPattern("NoNewPrivs:\\s+1\\n")
                .containsPattern("Seccomp:\\s+2\\n")
                .containsPattern("Uid:\\s+1000\\s+1000\\s+1000\\s+1000\\n")
                .containsPattern("Gid:\\s+1000\\s+1000\\s+1000\\s+1000\\n");
        assertThat(sh(sandbox, "touch /bin/x /etc/x /x").code()).isNotZero();
        assertThat(sh(sandbox, "ls /sys/class/net").out().strip()).isEqualTo("lo");
        assertThat(sh(sandbox, "ulimit -Hn; ulimit -c").out()).isEqualTo("4096\n0\n");
        assertThat(sh(sandbox, "mount | grep ' /tmp '").out())
                .contains("nosuid", "nodev", "size=262144k")
                .doesNotContain("noexec");
        assertThat(sh(sandbox, "printf '#!/bin/sh\\necho ran' > /tmp/x; chmod +x /tmp/x; /tmp/x")
                        .out())
                .isEqualTo("ran\n");
        assertThat(sh(sandbox, "ls -ld /workspace; touch /workspace/f; stat -c %u:%g /workspace/f")
                        .out())
                .contains("drwxr-xr-x", "1000:1000");
        assertThat(sh(sandbox, "echo $HOME $TMPDIR $XDG_CACHE_HOME $npm_config_cache $PIP_CACHE_DIR")
                        .out())
                .isEqualTo("/workspace /tmp /workspace/.cache /workspace/.cache/npm /workspace/.cache/pip\n");
    }

    @Test
    void cannotEndWhatKeepsItAlive() {
        BackendSandbox sandbox = sandboxes.create();
        sh(sandbox, "kill -9 1; for p in /proc/[0-9]*; do kill -9 ${p#/proc/}; done");
        sh(sandbox, "kill -9 -1");
        assertThat(sh(sandbox, "echo alive").out()).isEqualTo("alive\n");
    }

    @Test
    void endsAHungryProgramAndNotTheSandbox() {
        BackendSandbox sandbox = sandboxes.create(
                SandboxSpec.builder().memory(MemorySize.megabytes(32)).build());
        assertThat(sh(sandbox, "exec tail /dev/zero").code()).isEqualTo(137);
        assertThat(sh(sandbox, "echo alive").out()).isEqualTo("alive\n");
    }

    @Test
    void opensWhatIsAskedForByName() {
        BackendSandbox sandbox = sandboxes.create(SandboxSpec.builder()
                .writableRoot()
                .user("root")
                .kernelCapability("NET_RAW")
                .network(Network.full())
                .memory(MemorySize.megabytes(64))
                .cpus(0.5)
                .maxProcesses(100)
                .maxOpenFiles(77)
                .tmpSize(MemorySize.megabytes(3))
                .build());
        assertThat(sh(sandbox, "touch /opened && id -u").out()).isEqualTo("0\n");
        assertThat(sh(sandbox, "ulimit -n").out()).isEqualTo("77\n");
        assertThat(sh(sandbox, "ls /sys/class/net").out()).contains("eth0");
        assertThat(sh(sandbox, "cat /proc/self/status").out()).containsPattern("CapEff:\\s+0{12}2000\\n");
        HostConfig config = inspect(sandbox).getHostConfig();
        assertThat(config.getMemory()).isEqualTo(64L << 20);
        assertThat(config.getNanoCPUs()).isEqualTo(500_000_000L);
        assertThat(config.getPidsLimit()).isEqualTo(100);
        assertThat(config.getTmpFs().get("/tmp")).contains("size=3145728");
    }

    @Test
    void worksWithTheLeastOfEachLimit() {
        BackendSandbox sandbox = sandboxes.create(SandboxSpec.builder()
                .maxOpenFiles(16)
                .disk(MemorySize.kilobytes(64))
                .tmpSize(MemorySize.kilobytes(64))
                .build());
        assertThat(sh(sandbox, "ulimit -n; echo kept > /tmp/f; cp /tmp/f f; cat f")
                        .out())
                .isEqualTo("16\nkept\n");
        ProcessRequest fresh = new ProcessRequest(List.of("cat", "f"), Map.of(), "/workspace", null, false, null, true);
        assertThat(Sandboxes.run(sandbox, fresh).out()).isEqualTo("kept\n");
    }

    @Test
    void labelsContainerAndVolumeAndRemovesBoth() {
        ProvisionRequest request = sandboxes.request(SandboxSpec.builder().build());
        BackendSandbox sandbox = sandboxes.backend().create(request);
        Map<String, String> labels = Map.of(
                "dev.sandkeeper.managed", "true",
                "dev.sandkeeper.deployment", sandboxes.deployment(),
                "dev.sandkeeper.sandbox", request.sandboxId().toString(),
                "dev.sandkeeper.created", Long.toString(request.createdAt().toEpochMilli()));
        assertThat(sandbox.providerRef()).isEqualTo("sandkeeper-" + sandboxes.deployment() + "-" + request.sandboxId());
        assertThat(inspect(sandbox).getConfig().getLabels()).containsAllEntriesOf(labels);
        InspectVolumeResponse volume = sandboxes
                .engine()
                .ask(client -> client.inspectVolumeCmd(sandbox.providerRef() + "-workspace")
                        .exec());
        assertThat(volume.getLabels()).isEqualTo(labels);
        sandboxes.backend().destroy(sandbox.providerRef());
        Inventory inventory = new Inventory(sandboxes.engine().engine());
        assertThat(inventory.inspect(sandbox.providerRef())).isEmpty();
        assertThat(inventory.volumes(Identity.filtersOf(sandboxes.deployment())))
                .isEmpty();
    }

    @Test
    void keepsTheEnvironmentOfTheApplicationAwayFromOtherUsersInside() {
        BackendSandbox sandbox = sandboxes
                .backend()
                .create(new ProvisionRequest(
                        sandboxes.deployment(),
                        sandboxes.request(SandboxSpec.builder().build()).sandboxId(),
                        Instant.EPOCH,
                        null,
                        SandboxSpec.builder().build(),
                        Map.of("TOKEN", "s3cret"),
                        text -> {}));
        assertThat(sh(sandbox, "echo $TOKEN; cat /proc/1/environ").out()).isEqualTo("s3cret\n");
    }

    @Test
    void keepsEnvironmentValuesOutOfEveryLog() {
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        ListAppender<ILoggingEvent> events = new ListAppender<>();
        Level before = root.getLevel();
        events.start();
        root.addAppender(events);
        root.setLevel(Level.TRACE);
        try {
            SandboxSpec spec = SandboxSpec.builder().build();
            BackendSandbox sandbox = sandboxes
                    .backend()
                    .create(new ProvisionRequest(
                            sandboxes.deployment(),
                            sandboxes.request(spec).sandboxId(),
                            Instant.EPOCH,
                            null,
                            spec,
                            Map.of("TOKEN", "s3cret-of-the-sandbox"),
                            text -> {}));
            ProcessRequest command = new ProcessRequest(
                    List.of("sh", "-c", "echo $TOKEN $KEY"),
                    Map.of("KEY", "s3cret-of-the-command"),
                    "/workspace",
                    null,
                    false,
                    null);
            assertThat(Sandboxes.run(sandbox, command).out())
                    .isEqualTo("s3cret-of-the-sandbox s3cret-of-the-command\n");
            sandboxes.backend().state(sandbox.providerRef());
            sandboxes.backend().listOwned(sandboxes.deployment());
            sandboxes.backend().destroy(sandbox.providerRef());
        } finally {
            root.setLevel(before);
            root.detachAppender(events);
        }
        assertThat(events.list).isNotEmpty();
        assertThat(List.copyOf(events.list))
                .extracting(event -> event.getLoggerName() + " " + event.getFormattedMessage())
                .noneMatch(line -> line.contains("s3cret"));
    }
}
