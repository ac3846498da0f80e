package dev.sandkeeper.testkit;

import dev.sandkeeper.TerminalSize;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.function.UnaryOperator;

/** Broken terminals. */
final class TerminalMutants {
    private TerminalMutants() {}

    static SandboxBackend givesNoTerminal(SandboxBackend sound) {
        return MutantParts.requests(
                sound,
                request -> new ProcessRequest(
                        request.arguments(),
                        request.environment(),
                        request.workingDirectory(),
                        request.user(),
                        request.stdin(),
                        request.deadline()));
    }

    static SandboxBackend swapsColumnsAndRows(SandboxBackend sound) {
        return MutantParts.processes(sound, process -> new MutantParts.Command(process) {
            @Override
            public void resize(TerminalSize size) {
                delegate.resize(new TerminalSize(size.rows(), size.columns()));
            }
        });
    }

    static SandboxBackend acceptsASizeWithoutATerminal(SandboxBackend sound) {
        return MutantParts.processes(sound, process -> new MutantParts.Command(process) {
            @Override
            public void resize(TerminalSize size) {
                try {
                    delegate.resize(size);
                } catch (IllegalStateException e) {
                    return;
                }
            }
        });
    }

    private static SandboxBackend keyboards(SandboxBackend sound, UnaryOperator<OutputStream> spoil) {
        return MutantParts.sandboxes(sound, sandbox -> new MutantParts.Connection(sandbox) {
            @Override
            public BackendProcess start(ProcessRequest request) {
                BackendProcess process = delegate.start(request);
                if (request.terminal() == null) {
                    return process;
                }
                OutputStream spoiled = spoil.apply(process.stdin());
                return new MutantParts.Command(process) {
                    @Override
                    public OutputStream stdin() {
                        return spoiled;
                    }
                };
            }
        });
    }

    static SandboxBackend keepsTheInterruptKey(SandboxBackend sound) {
        return keyboards(sound, stream -> new FilterOutputStream(stream) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                if (length != 1 || bytes[offset] != 3) {
                    out.write(bytes, offset, length);
                }
            }
        });
    }

    static SandboxBackend typesNoEndOfFile(SandboxBackend sound) {
        return keyboards(sound, stream -> new FilterOutputStream(stream) {
            @Override
            public void close() {}
        });
    }
}
