package dev.sandkeeper.internal;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProcessRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Figures that are read inside a sandbox with a POSIX shell: a number each, or nothing where it has none. */
public final class ShellMeasures {
    /** Of all mounts the workspace's alone; what cannot be read is left out. */
    private static final String DISK = "PATH=$PATH:/usr/bin:/bin; du -skx " + SandboxSpec.WORKSPACE + " 2>/dev/null";

    /** Version 2 of control groups or 1; builtins only, since there may be no memory for a process. */
    private static final String KILLS = """
            for f in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
              [ -r "$f" ] || continue
              while read -r k v; do
                [ "$k" != oom_kill ] || { echo "$v"; exit; }
              done <"$f"
            done
            """;

    private static final Pattern NUMBER = Pattern.compile("([0-9]{1,15})\\s.*", Pattern.DOTALL);
    private static final Duration BOUND = Duration.ofSeconds(30);

    private final BackendSandbox sandbox;
    private final String backend;

    /**
     * Looks into a sandbox.
     *
     * @param sandbox where the scripts are started
     * @param backend the backend's name, for messages
     */
    public ShellMeasures(BackendSandbox sandbox, String backend) {
        this.sandbox = sandbox;
        this.backend = backend;
    }

    /**
     * What the workspace holds.
     *
     * @return in bytes, or nothing if it could not be counted within 30 seconds
     */
    public OptionalLong workspaceBytes() {
        OptionalLong kilobytes = number(DISK);
        return kilobytes.isPresent() ? OptionalLong.of(kilobytes.getAsLong() << 10) : kilobytes;
    }

    /**
     * How many processes of the sandbox the kernel has killed for want of memory.
     *
     * @return the number, or nothing if the kernel does not show it there
     */
    public OptionalLong memoryKills() {
        return number(KILLS);
    }

    private OptionalLong number(String script) {
        Collected output = new Collected(1000);
        ProcessRequest request = new ProcessRequest(List.of("sh", "-c", script), Map.of(), "/", null, false, BOUND);
        try (BackendProcess process = sandbox.start(request)) {
            try {
                ExitStatus status = process.pump(output);
                Matcher matcher = NUMBER.matcher(new String(output.stdout(), StandardCharsets.US_ASCII));
                return status.timedOut() || !matcher.matches()
                        ? OptionalLong.empty()
                        : OptionalLong.of(Long.parseLong(matcher.group(1)));
            } catch (InterruptedException e) {
                process.end(Duration.ZERO);
                Thread.currentThread().interrupt();
                throw new SandboxInterruptedException(Failure.of("interrupted", "interrupted while the usage was read")
                        .backend(backend)
                        .cause(e));
            }
        }
    }
}
