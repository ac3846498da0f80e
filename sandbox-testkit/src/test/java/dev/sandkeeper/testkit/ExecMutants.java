package dev.sandkeeper.testkit;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.Signal;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/** Broken ways to run commands. */
final class ExecMutants {
    private ExecMutants() {}

    @FunctionalInterface
    private interface Pump {
        ExitStatus run(BackendProcess process, OutputSink sink) throws InterruptedException;
    }

    private static SandboxBackend pumps(SandboxBackend sound, Pump pump) {
        return MutantParts.processes(sound, process -> new MutantParts.Command(process) {
            @Override
            public ExitStatus pump(OutputSink sink) throws InterruptedException {
                return pump.run(delegate, sink);
            }
        });
    }

    private static ProcessRequest changed(ProcessRequest request, List<String> arguments) {
        return new ProcessRequest(
                arguments,
                request.environment(),
                request.workingDirectory(),
                request.user(),
                request.stdin(),
                request.deadline());
    }

    static SandboxBackend exitCodeIsAlwaysZero(SandboxBackend sound) {
        return pumps(
                sound, (process, sink) -> new ExitStatus(0, process.pump(sink).timedOut()));
    }

    static SandboxBackend timedOutIsNeverTold(SandboxBackend sound) {
        return pumps(sound, (process, sink) -> new ExitStatus(process.pump(sink).exitCode(), false));
    }

    static SandboxBackend mergesStderrIntoStdout(SandboxBackend sound) {
        return pumps(
                sound,
                (process, sink) -> process.pump(new OutputSink() {
                    @Override
                    public void stdout(byte[] buffer, int offset, int length) throws IOException {
                        sink.stdout(buffer, offset, length);
                    }

                    @Override
                    public void stderr(byte[] buffer, int offset, int length) throws IOException {
                        sink.stdout(buffer, offset, length);
                    }
                }));
    }

    static SandboxBackend cutsOutputAtOneMegabyte(SandboxBackend sound) {
        return pumps(
                sound,
                (process, sink) -> process.pump(new OutputSink() {
                    private int passed;

                    @Override
                    public void stdout(byte[] buffer, int offset, int length) throws IOException {
                        int n = Math.min(length, (1 << 20) - passed);
                        if (n > 0) {
                            passed += n;
                            sink.stdout(buffer, offset, n);
                        }
                    }

                    @Override
                    public void stderr(byte[] buffer, int offset, int length) throws IOException {
                        sink.stderr(buffer, offset, length);
                    }
                }));
    }

    static SandboxBackend treatsOutputAsText(SandboxBackend sound) {
        return pumps(
                sound,
                (process, sink) -> process.pump(new OutputSink() {
                    @Override
                    public void stdout(byte[] buffer, int offset, int length) throws IOException {
                        byte[] text = text(buffer, offset, length);
                        sink.stdout(text, 0, text.length);
                    }

                    @Override
                    public void stderr(byte[] buffer, int offset, int length) throws IOException {
                        byte[] text = text(buffer, offset, length);
                        sink.stderr(text, 0, text.length);
                    }
                }));
    }

    private static byte[] text(byte[] buffer, int offset, int length) {
        return new String(buffer, offset, length, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8);
    }

    static SandboxBackend buffersWithoutBound(SandboxBackend sound) {
        return pumps(sound, (process, sink) -> {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            ExitStatus status = process.pump(new OutputSink() {
                @Override
                public void stdout(byte[] buffer, int offset, int length) throws IOException {
                    all.write(buffer, offset, length);
                }

                @Override
                public void stderr(byte[] buffer, int offset, int length) throws IOException {
                    sink.stderr(buffer, offset, length);
                }
            });
            try {
                if (all.size() > 0) {
                    sink.stdout(all.toByteArray(), 0, all.size());
                }
            } catch (IOException e) {
                return status;
            }
            return status;
        });
    }

    static SandboxBackend insistsOnASinkThatFails(SandboxBackend sound) {
        return pumps(
                sound,
                (process, sink) -> process.pump(new OutputSink() {
                    @Override
                    public void stdout(byte[] buffer, int offset, int length) {
                        try {
                            sink.stdout(buffer, offset, length);
                        } catch (IOException e) {
                            return;
                        }
                    }

                    @Override
                    public void stderr(byte[] buffer, int offset, int length) throws IOException {
                        sink.stderr(buffer, offset, length);
                    }
                }));
    }

    static SandboxBackend waitsForBackgroundProcesses(InMemoryProvider provider, SandboxBackend sound) {
        return pumps(sound, (process, sink) -> {
            ExitStatus status = process.pump(sink);
            while (provider.resources().stream()
                    .anyMatch(each -> !each.running().isEmpty())) {
                Thread.onSpinWait();
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
            return status;
        });
    }

    static SandboxBackend makesAnExitCodeUpWhenTheSandboxGoes(SandboxBackend sound) {
        return pumps(sound, (process, sink) -> {
            try {
                return process.pump(sink);
            } catch (SandboxGoneException e) {
                return new ExitStatus(137, false);
            }
        });
    }

    static SandboxBackend makesAnExitCodeUpWhenItIsClosed(SandboxBackend sound) {
        return pumps(sound, (process, sink) -> {
            try {
                return process.pump(sink);
            } catch (BackendUnavailableException e) {
                return new ExitStatus(137, false);
            }
        });
    }

    static SandboxBackend endsTheCommandWhenPumpIsInterrupted(SandboxBackend sound) {
        return pumps(sound, (process, sink) -> {
            try {
                return process.pump(sink);
            } catch (InterruptedException e) {
                process.end(Duration.ZERO);
                throw e;
            }
        });
    }

    static SandboxBackend missingProgramIsExitCode127(SandboxBackend sound) {
        return MutantParts.sandboxes(sound, sandbox -> new MutantParts.Connection(sandbox) {
            @Override
            public BackendProcess start(ProcessRequest request) {
                try {
                    return delegate.start(request);
                } catch (CommandNotStartableException e) {
                    return delegate.start(changed(request, List.of("sh", "-c", "exit 127")));
                }
            }
        });
    }

    static SandboxBackend ownExitCode127IsAMissingProgram(SandboxBackend sound) {
        return pumps(sound, (process, sink) -> {
            ExitStatus status = process.pump(sink);
            if (status.exitCode() == 127) {
                throw new CommandNotStartableException(Failure.of("command_not_found", "not found"));
            }
            return status;
        });
    }

    static SandboxBackend joinsArgumentsForAShell(SandboxBackend sound) {
        return MutantParts.requests(
                sound, request -> changed(request, List.of("sh", "-c", String.join(" ", request.arguments()))));
    }

    static SandboxBackend showsTheEnvironmentInArguments(SandboxBackend sound) {
        return MutantParts.requests(sound, request -> {
            if (request.environment().isEmpty()) {
                return request;
            }
            List<String> arguments = new ArrayList<>(List.of(
                    "sh", "-c", ": '" + String.join(",", request.environment().values()) + "'; \"$@\"", "sh"));
            arguments.addAll(request.arguments());
            return changed(request, arguments);
        });
    }

    static SandboxBackend leaksTheEnvironmentIntoTheNextCommand(SandboxBackend sound) {
        Map<String, String> all = new ConcurrentHashMap<>();
        return MutantParts.requests(sound, request -> {
            all.putAll(request.environment());
            return ContractSetup.withEnvironment(request, all);
        });
    }

    static SandboxBackend passesTheHostsEnvironment(SandboxBackend sound) {
        Map<String, String> host = Map.of("JAVA_HOME", "/usr/lib/jvm");
        return MutantParts.requests(sound, request -> ContractSetup.withEnvironment(request, host));
    }

    static SandboxBackend ignoresTheWorkingDirectory(SandboxBackend sound) {
        return MutantParts.requests(sound, request -> ContractSetup.in("/workspace", request));
    }

    static SandboxBackend ignoresTheDeadline(SandboxBackend sound) {
        return MutantParts.requests(
                sound,
                request -> new ProcessRequest(
                        request.arguments(),
                        request.environment(),
                        request.workingDirectory(),
                        request.user(),
                        request.stdin(),
                        null));
    }

    static SandboxBackend givesNoEndOfFileWithoutInput(SandboxBackend sound) {
        return MutantParts.requests(sound, ContractSetup::withStdin);
    }

    private static SandboxBackend stdin(SandboxBackend sound, UnaryOperator<OutputStream> spoil) {
        return MutantParts.processes(sound, process -> {
            OutputStream spoiled = spoil.apply(process.stdin());
            return new MutantParts.Command(process) {
                @Override
                public OutputStream stdin() {
                    return spoiled;
                }
            };
        });
    }

    static SandboxBackend neverClosesInput(SandboxBackend sound) {
        return stdin(sound, stream -> new FilterOutputStream(stream) {
            @Override
            public void close() {}
        });
    }

    static SandboxBackend swallowsInputThatNobodyReads(SandboxBackend sound) {
        return stdin(sound, stream -> new FilterOutputStream(stream) {
            @Override
            public void write(byte[] bytes, int offset, int length) {
                try {
                    out.write(bytes, offset, length);
                } catch (IOException e) {
                    return;
                }
            }
        });
    }

    private static SandboxBackend ends(SandboxBackend sound, BiConsumer<BackendProcess, Duration> end) {
        return MutantParts.processes(sound, process -> new MutantParts.Command(process) {
            @Override
            public void end(Duration grace) {
                end.accept(delegate, grace);
            }
        });
    }

    static SandboxBackend endOnlyAsks(SandboxBackend sound) {
        return ends(sound, (process, grace) -> process.signal(Signal.TERM));
    }

    static SandboxBackend endKillsAtOnce(SandboxBackend sound) {
        return ends(sound, (process, grace) -> process.end(Duration.ZERO));
    }

    /** The first process writes its number, so that it alone can be killed. */
    static SandboxBackend endLeavesChildren(SandboxBackend sound) {
        return MutantParts.sandboxes(sound, sandbox -> new MutantParts.Connection(sandbox) {
            @Override
            public BackendProcess start(ProcessRequest request) {
                List<String> arguments =
                        new ArrayList<>(List.of("sh", "-c", "printf %s $$ > /tmp/main; exec \"$@\"", "sh"));
                arguments.addAll(request.arguments());
                return new MutantParts.Command(sandbox.start(changed(request, arguments))) {
                    @Override
                    public void end(Duration grace) {
                        sandbox.start(ContractSetup.command("kill", "-9", mainProcess(sandbox)));
                    }
                };
            }
        });
    }

    private static String mainProcess(BackendSandbox sandbox) {
        try (InputStream number = sandbox.files().read("/tmp/main")) {
            return new String(number.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static SandboxBackend signalsDoNothing(SandboxBackend sound) {
        return MutantParts.processes(sound, process -> new MutantParts.Command(process) {
            @Override
            public void signal(Signal signal) {}
        });
    }
}
