package dev.sandkeeper.testkit;

import dev.sandkeeper.BackgroundLog;
import dev.sandkeeper.BackgroundStatus;
import dev.sandkeeper.Endpoint;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.Signal;
import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.spi.BackendBackground;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.BackgroundRequest;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;

/** Sound parts that mutants spoil one method of. */
final class MutantParts {
    private MutantParts() {}

    /** A backend all of whose sandboxes are spoiled alike. */
    static SandboxBackend sandboxes(SandboxBackend backend, UnaryOperator<BackendSandbox> spoil) {
        return new ForwardingBackend(backend) {
            @Override
            public BackendSandbox create(ProvisionRequest request) {
                return spoil.apply(delegate.create(request));
            }

            @Override
            public BackendSandbox attach(String providerRef) {
                return spoil.apply(delegate.attach(providerRef));
            }
        };
    }

    static SandboxBackend requests(SandboxBackend backend, UnaryOperator<ProcessRequest> spoil) {
        return sandboxes(backend, sandbox -> new Connection(sandbox) {
            @Override
            public BackendProcess start(ProcessRequest request) {
                return delegate.start(spoil.apply(request));
            }
        });
    }

    static SandboxBackend processes(SandboxBackend backend, UnaryOperator<BackendProcess> spoil) {
        return sandboxes(backend, sandbox -> new Connection(sandbox) {
            @Override
            public BackendProcess start(ProcessRequest request) {
                return spoil.apply(delegate.start(request));
            }
        });
    }

    static SandboxBackend files(SandboxBackend backend, UnaryOperator<BackendFiles> spoil) {
        return sandboxes(backend, sandbox -> {
            BackendFiles spoiled = spoil.apply(sandbox.files());
            return new Connection(sandbox) {
                @Override
                public BackendFiles files() {
                    return spoiled;
                }
            };
        });
    }

    static SandboxBackend background(SandboxBackend backend, UnaryOperator<BackendBackground> spoil) {
        return sandboxes(backend, sandbox -> new Connection(sandbox) {
            @Override
            public BackendBackground background() {
                return spoil.apply(delegate.background());
            }
        });
    }

    static class Connection implements BackendSandbox {
        final BackendSandbox delegate;

        Connection(BackendSandbox delegate) {
            this.delegate = delegate;
        }

        @Override
        public String providerRef() {
            return delegate.providerRef();
        }

        @Override
        public BackendProcess start(ProcessRequest request) {
            return delegate.start(request);
        }

        @Override
        public BackendFiles files() {
            return delegate.files();
        }

        @Override
        public BackendBackground background() {
            return delegate.background();
        }

        @Override
        public Endpoint endpoint(int port) {
            return delegate.endpoint(port);
        }

        @Override
        public OptionalLong workspaceBytes() {
            return delegate.workspaceBytes();
        }

        @Override
        public boolean killedForMemory() {
            return delegate.killedForMemory();
        }

        @Override
        public void close() {
            delegate.close();
        }
    }

    static class Command implements BackendProcess {
        final BackendProcess delegate;

        Command(BackendProcess delegate) {
            this.delegate = delegate;
        }

        @Override
        public OutputStream stdin() {
            return delegate.stdin();
        }

        @Override
        public ExitStatus pump(OutputSink sink) throws InterruptedException {
            return delegate.pump(sink);
        }

        @Override
        public void signal(Signal signal) {
            delegate.signal(signal);
        }

        @Override
        public void end(Duration grace) {
            delegate.end(grace);
        }

        @Override
        public void resize(TerminalSize size) {
            delegate.resize(size);
        }

        @Override
        public void close() {
            delegate.close();
        }
    }

    static class Files implements BackendFiles {
        final BackendFiles delegate;

        Files(BackendFiles delegate) {
            this.delegate = delegate;
        }

        @Override
        public void write(String path, InputStream content, int mode) {
            delegate.write(path, content, mode);
        }

        @Override
        public void append(String path, InputStream content) {
            delegate.append(path, content);
        }

        @Override
        public InputStream read(String path) {
            return delegate.read(path);
        }

        @Override
        public FileInfo stat(String path) {
            return delegate.stat(path);
        }

        @Override
        public List<FileInfo> list(String path, int limit) {
            return delegate.list(path, limit);
        }

        @Override
        public void makeDirectory(String path) {
            delegate.makeDirectory(path);
        }

        @Override
        public void move(String from, String to) {
            delegate.move(from, to);
        }

        @Override
        public void remove(String path, boolean recursive) {
            delegate.remove(path, recursive);
        }

        @Override
        public void setMode(String path, int mode) {
            delegate.setMode(path, mode);
        }

        @Override
        public void unpack(String path, InputStream tar) {
            delegate.unpack(path, tar);
        }

        @Override
        public InputStream pack(String path) {
            return delegate.pack(path);
        }
    }

    static class Background implements BackendBackground {
        final BackendBackground delegate;

        Background(BackendBackground delegate) {
            this.delegate = delegate;
        }

        @Override
        public void start(BackgroundRequest request) {
            delegate.start(request);
        }

        @Override
        public List<BackgroundStatus> list() {
            return delegate.list();
        }

        @Override
        public Optional<BackgroundStatus> find(String name) {
            return delegate.find(name);
        }

        @Override
        public BackgroundLog log(String name) {
            return delegate.log(name);
        }

        @Override
        public void end(String name, Duration grace) {
            delegate.end(name, grace);
        }

        @Override
        public void remove(String name) {
            delegate.remove(name);
        }
    }
}
