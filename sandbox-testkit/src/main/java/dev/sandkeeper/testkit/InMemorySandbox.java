package dev.sandkeeper.testkit;

import dev.sandkeeper.Failure;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.spi.BackendBackground;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.testkit.internal.Machine;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** A connection to a simulated sandbox. */
final class InMemorySandbox implements BackendSandbox {
    private final InMemoryProvider provider;
    private final String providerRef;
    private final Machine machine;
    private final BackendFiles files;
    private final Set<Capability> capabilities;
    private final boolean destroysOnClose;
    private final Consumer<InMemorySandbox> onClose;
    private final List<BackendProcess> started = new ArrayList<>();
    private boolean closed;

    InMemorySandbox(
            InMemoryProvider provider,
            String providerRef,
            Set<Capability> capabilities,
            boolean destroysOnClose,
            Consumer<InMemorySandbox> onClose) {
        this.provider = provider;
        this.providerRef = providerRef;
        this.machine = provider.machine(providerRef);
        this.files = machine.files(this::requireOpen);
        this.capabilities = capabilities;
        this.destroysOnClose = destroysOnClose;
        this.onClose = onClose;
    }

    @Override
    public String providerRef() {
        return providerRef;
    }

    @Override
    public BackendProcess start(ProcessRequest request) {
        if (request.user() != null) {
            SpecRules.require("memory", capabilities, Capability.COMMAND_USER);
        }
        if (request.terminal() != null) {
            SpecRules.require("memory", capabilities, Capability.TERMINAL);
        }
        provider.requireNotPaused(providerRef);
        synchronized (started) {
            requireOpen();
            started.removeIf(machine::isOver);
            BackendProcess process = machine.start(request);
            started.add(process);
            return process;
        }
    }

    /** How many commands this connection still knows of. */
    int known() {
        synchronized (started) {
            return started.size();
        }
    }

    @Override
    public BackendFiles files() {
        return files;
    }

    private void requireOpen() {
        synchronized (started) {
            if (closed) {
                throw new HandleClosedException(
                        Failure.of("sandbox_closed", "the connection to the sandbox is closed"));
            }
        }
    }

    @Override
    public BackendBackground background() {
        SpecRules.require("memory", capabilities, Capability.BACKGROUND);
        return machine.background();
    }

    /** Commands whose main process has ended are over; what they left behind belongs to the sandbox. */
    @Override
    public void close() {
        List<BackendProcess> left;
        synchronized (started) {
            closed = true;
            left = List.copyOf(started);
            started.clear();
        }
        for (BackendProcess process : left) {
            if (machine.isRunning(process)) {
                process.signal(Signal.KILL);
            }
            process.close();
        }
        if (destroysOnClose) {
            provider.destroy(providerRef);
        }
        onClose.accept(this);
    }
}
