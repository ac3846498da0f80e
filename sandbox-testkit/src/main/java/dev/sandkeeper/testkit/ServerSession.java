package dev.sandkeeper.testkit;

import dev.sandkeeper.Failure;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What one client JVM holds. It ends with that JVM. */
final class ServerSession {
    private final Map<Long, BackendSandbox> sandboxes = new HashMap<>();
    private final Map<Long, BackendProcess> processes = new HashMap<>();
    private long last;
    private boolean ended;

    synchronized long add(BackendSandbox sandbox) {
        if (ended) {
            sandbox.close();
        }
        sandboxes.put(++last, sandbox);
        return last;
    }

    synchronized long add(BackendProcess process) {
        processes.put(++last, process);
        return last;
    }

    synchronized BackendSandbox sandbox(long handle) {
        return known(sandboxes.get(handle));
    }

    synchronized BackendProcess process(long handle) {
        return known(processes.get(handle));
    }

    private static <T> T known(@Nullable T held) {
        if (held == null) {
            throw new HandleClosedException(Failure.of("sandbox_closed", "the connection to the sandbox is closed"));
        }
        return held;
    }

    void detach(long handle) {
        BackendSandbox sandbox;
        synchronized (this) {
            sandbox = sandboxes.remove(handle);
        }
        if (sandbox != null) {
            sandbox.close();
        }
    }

    void end() {
        List<BackendSandbox> left;
        synchronized (this) {
            ended = true;
            left = List.copyOf(sandboxes.values());
            sandboxes.clear();
        }
        left.forEach(BackendSandbox::close);
    }
}
