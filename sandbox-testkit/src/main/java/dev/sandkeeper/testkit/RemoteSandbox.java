package dev.sandkeeper.testkit;

import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProcessRequest;
import java.time.Duration;
import java.util.Set;

/** A connection to a sandbox whose provider is in another process. */
final class RemoteSandbox implements BackendSandbox {
    private final RemoteCalls calls;
    private final long sessionId;
    private final long handle;
    private final String providerRef;
    private final BackendFiles files;

    RemoteSandbox(RemoteCalls calls, long sessionId, long handle, String providerRef) {
        this.calls = calls;
        this.sessionId = sessionId;
        this.handle = handle;
        this.providerRef = providerRef;
        this.files = new RemoteFiles(calls, sessionId, handle);
    }

    @Override
    public String providerRef() {
        return providerRef;
    }

    @Override
    public BackendProcess start(ProcessRequest request) {
        if (request.terminal() != null) {
            SpecRules.require("memory", Set.of(), Capability.TERMINAL);
        }
        Duration deadline = request.deadline();
        return calls.call(
                Wire.Op.START,
                wire -> wire.number(sessionId)
                        .number(handle)
                        .texts(request.arguments())
                        .map(request.environment())
                        .text(request.workingDirectory())
                        .text(request.user())
                        .flag(request.stdin())
                        .number(deadline == null ? -1 : deadline.toNanos()),
                wire -> new RemoteProcess(calls, sessionId, wire.number(), request.stdin()));
    }

    @Override
    public BackendFiles files() {
        return files;
    }

    @Override
    public void close() {
        calls.runQuietly(Wire.Op.DETACH, wire -> wire.number(sessionId).number(handle));
    }
}
