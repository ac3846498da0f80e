package dev.sandkeeper.testkit;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.Signal;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Does what a client asks for. The flag true goes before every answer, false before a fault. */
final class ServerCalls {
    private final SandboxBackend backend;

    ServerCalls(SandboxBackend backend) {
        this.backend = backend;
    }

    static Wire ok(Wire wire) throws IOException {
        return wire.flag(true);
    }

    static ProvisionRequest request(Wire wire) throws IOException {
        String deployment = wire.text();
        var id = wire.id();
        Instant createdAt = wire.instant();
        Instant expiresAt = wire.instantOrNull();
        var environment = wire.map();
        SandboxSpec.Builder spec = SandboxSpec.builder().lifetime(Lifetime.valueOf(wire.text()));
        spec.image(wire.textOrNull());
        String user = wire.textOrNull();
        if (user != null) {
            spec.user(user);
        }
        long disk = wire.number();
        if (disk >= 0) {
            spec.disk(MemorySize.bytes(disk));
        }
        return new ProvisionRequest(deployment, id, createdAt, expiresAt, spec.build(), environment, text -> {});
    }

    void backend(Wire.Op op, Wire wire) throws IOException {
        switch (op) {
            case FIND -> {
                String found = backend.find(wire.text(), wire.id()).orElse(null);
                ok(wire).text(found);
            }
            case STATE -> {
                String state = backend.state(wire.text()).name();
                ok(wire).text(state);
            }
            case TERMINATE -> {
                boolean ended = backend.terminate(wire.text(), Duration.ofNanos(wire.number()));
                ok(wire).flag(ended);
            }
            case DESTROY -> {
                backend.destroy(wire.text());
                ok(wire);
            }
            case EXTEND -> {
                Instant granted = backend.extend(wire.text(), wire.instant());
                ok(wire).instant(granted);
            }
            case PAUSE -> {
                backend.pause(wire.text());
                ok(wire);
            }
            case RESUME -> {
                backend.resume(wire.text());
                ok(wire);
            }
            case USAGE -> {
                var usage = backend.usage(wire.text());
                Long disk = usage.isEmpty() ? null : usage.get().diskBytes();
                ok(wire).number(disk == null ? -1 : disk);
            }
            case HEALTH -> {
                BackendHealth health = backend.health();
                ok(wire).flag(health.usable()).text(health.detail());
            }
            default -> list(wire);
        }
    }

    private void list(Wire wire) throws IOException {
        OwnedListing listing = backend.listOwned(wire.text());
        ok(wire).flag(listing.complete()).number(listing.resources().size());
        for (OwnedResource each : listing.resources()) {
            wire.text(each.providerRef()).id(each.sandboxId()).instant(each.createdAt());
        }
    }

    void open(Wire.Op op, Wire wire, ServerSession session) throws IOException {
        BackendSandbox opened = op == Wire.Op.CREATE ? backend.create(request(wire)) : backend.attach(wire.text());
        long handle = session.add(opened);
        ok(wire).number(handle).text(opened.providerRef());
    }

    void start(Wire wire, ServerSession session) throws IOException {
        BackendSandbox sandbox = session.sandbox(wire.number());
        List<String> arguments = wire.texts();
        var environment = wire.map();
        String directory = wire.text();
        String user = wire.textOrNull();
        boolean stdin = wire.flag();
        long nanos = wire.number();
        Duration deadline = nanos < 0 ? null : Duration.ofNanos(nanos);
        long process = session.add(
                sandbox.start(new ProcessRequest(arguments, environment, directory, user, stdin, deadline)));
        ok(wire).number(process);
    }

    void process(Wire.Op op, Wire wire, BackendProcess process) throws IOException {
        switch (op) {
            case PUMP -> pump(ok(wire).flush(), process);
            case STDIN -> feed(ok(wire).flush(), process.stdin());
            case SIGNAL -> {
                process.signal(Signal.valueOf(wire.text()));
                ok(wire);
            }
            case END -> {
                process.end(Duration.ofNanos(wire.number()));
                ok(wire);
            }
            default -> {
                process.close();
                ok(wire);
            }
        }
    }

    private static void pump(Wire wire, BackendProcess process) throws IOException {
        try {
            ExitStatus status = process.pump(new OutputSink() {
                @Override
                public void stdout(byte[] buffer, int offset, int length) throws IOException {
                    wire.frame(RemoteProcess.STDOUT)
                            .chunk(buffer, offset, length)
                            .flush();
                }

                @Override
                public void stderr(byte[] buffer, int offset, int length) throws IOException {
                    wire.frame(RemoteProcess.STDERR)
                            .chunk(buffer, offset, length)
                            .flush();
                }
            });
            wire.frame(RemoteProcess.ENDED).number(status.exitCode()).flag(status.timedOut());
        } catch (RuntimeException e) {
            Faults.send(wire.frame(RemoteProcess.FAILED), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("the provider's process ends", e);
        }
    }

    /** Chunk by chunk, each answered; an empty one is the end of the file. */
    private static void feed(Wire wire, OutputStream stdin) throws IOException {
        for (int length = wire.chunkLength(); length > 0; length = wire.chunkLength()) {
            byte[] bytes = wire.bytes(length);
            boolean taken = true;
            try {
                stdin.write(bytes);
                stdin.flush();
            } catch (IOException e) {
                taken = false; // told by the answer
            }
            wire.flag(taken).flush();
        }
        stdin.close();
        wire.flag(true);
    }

    void files(Wire.Op op, Wire wire, BackendFiles files) throws IOException {
        String path = wire.text();
        switch (op) {
            case WRITE -> {
                int mode = (int) wire.number();
                receive(wire, content -> files.write(path, content, mode));
            }
            case APPEND -> receive(wire, content -> files.append(path, content));
            case UNPACK -> receive(wire, content -> files.unpack(path, content));
            case READ -> send(wire, files.read(path));
            case PACK -> send(wire, files.pack(path));
            case STAT -> {
                FileInfo info = files.stat(path);
                RemoteFiles.send(ok(wire), info);
            }
            case ENTRIES -> {
                List<FileInfo> entries = files.list(path, (int) wire.number());
                ok(wire).number(entries.size());
                for (FileInfo entry : entries) {
                    RemoteFiles.send(wire, entry);
                }
            }
            case MAKE_DIRECTORY -> {
                files.makeDirectory(path);
                ok(wire);
            }
            case MOVE -> {
                files.move(path, wire.text());
                ok(wire);
            }
            case REMOVE -> {
                files.remove(path, wire.flag());
                ok(wire);
            }
            default -> {
                files.setMode(path, (int) wire.number());
                ok(wire);
            }
        }
    }

    @FunctionalInterface
    private interface Upload {
        void run(InputStream content);
    }

    /** Whatever comes of it, the client's content is read to its end: it listens only then. */
    private static void receive(Wire wire, Upload upload) throws IOException {
        InputStream content = wire.content();
        RuntimeException fault = null;
        try {
            upload.run(content);
        } catch (RuntimeException e) {
            fault = e;
        }
        drain(content);
        if (fault != null) {
            throw fault;
        }
        ok(wire);
    }

    private static void drain(InputStream content) {
        try {
            content.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            // the client's content failed, or the client has gone: the upload has seen it
        }
    }

    private static void send(Wire wire, InputStream content) throws IOException {
        try (content) {
            ok(wire).content(content);
        }
    }
}
