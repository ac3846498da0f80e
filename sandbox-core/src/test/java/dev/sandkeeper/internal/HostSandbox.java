package dev.sandkeeper.internal;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.Signal;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** No sandbox at all: commands run on this host as they are. For tests of what is built on commands. */
public final class HostSandbox implements BackendSandbox {
    /** What the scripts need, and behind it what only tests do. */
    private static final List<String> APPLETS = List.of(
            "sh",
            "cat",
            "chmod",
            "find",
            "head",
            "ls",
            "mkdir",
            "mv",
            "rm",
            "rmdir",
            "stat",
            "tail",
            "tar",
            "truncate",
            "dd",
            "echo",
            "grep",
            "mount",
            "sleep",
            "wc");

    private final String path;
    private final List<String> prefix;
    private final ExecutorService executor = Workers.create("host-sandbox");
    private final Queue<Process> started = new ConcurrentLinkedQueue<>();
    private final ShellFiles files;
    private final Path applets;

    private HostSandbox(String path, List<String> prefix, Duration idle, Path applets) {
        this.applets = applets;
        this.path = path;
        this.prefix = prefix;
        this.files = new ShellFiles(this, "host", executor, idle);
    }

    /** The system's own tools. */
    public static HostSandbox gnu(Duration idle, String... prefix) {
        return new HostSandbox("/usr/bin:/bin", List.of(prefix), idle, null);
    }

    /** Those applets of busybox and nothing else. Fails if it is not installed. */
    public static HostSandbox busybox(Duration idle, String... prefix) {
        Path busybox = Stream.of("/bin/busybox", "/usr/bin/busybox")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new AssertionError("busybox is missing: install package busybox-static"));
        try {
            Path applets = Files.createTempDirectory("applets");
            Files.setPosixFilePermissions(applets, PosixFilePermissions.fromString("rwxr-xr-x"));
            for (String applet : APPLETS) {
                Files.createSymbolicLink(applets.resolve(applet), busybox);
            }
            return new HostSandbox(applets.toString(), List.of(prefix), idle, applets);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String providerRef() {
        return "host";
    }

    @Override
    public BackendFiles files() {
        return files;
    }

    @Override
    public BackendProcess start(ProcessRequest request) {
        List<String> arguments = new ArrayList<>(prefix);
        String shell = Stream.of(path.split(":", -1))
                .map(directory -> Path.of(directory, request.arguments().get(0)))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow()
                .toString();
        arguments.add(shell);
        arguments.addAll(request.arguments().subList(1, request.arguments().size()));
        ProcessBuilder builder = new ProcessBuilder(arguments);
        builder.environment().clear();
        builder.environment().put("PATH", path);
        builder.environment().putAll(request.environment());
        builder.directory(Path.of(request.workingDirectory()).toFile());
        try {
            Process process = builder.start();
            started.add(process);
            if (!request.stdin()) {
                process.getOutputStream().close();
            }
            return new HostProcess(process, request.deadline());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How many processes were ever started. */
    public int started() {
        return started.size();
    }

    /** Whether a process that was started here still runs. */
    public boolean isBusy() {
        return started.stream().anyMatch(Process::isAlive);
    }

    @Override
    public void close() {
        started.forEach(HostSandbox::kill);
        executor.shutdownNow();
        if (applets != null) {
            try {
                for (String applet : APPLETS) {
                    Files.deleteIfExists(applets.resolve(applet));
                }
                Files.deleteIfExists(applets);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static void kill(Process process) {
        List<ProcessHandle> tree = new ArrayList<>(process.descendants().toList());
        process.destroyForcibly();
        tree.forEach(ProcessHandle::destroyForcibly);
    }

    private record HostProcess(Process process, Duration deadline) implements BackendProcess {
        @Override
        public OutputStream stdin() {
            return process.getOutputStream();
        }

        @Override
        public ExitStatus pump(OutputSink sink) throws InterruptedException {
            Thread out = copy(process.getInputStream(), sink::stdout);
            Thread err = copy(process.getErrorStream(), sink::stderr);
            boolean timedOut = false;
            if (deadline == null) {
                process.waitFor();
            } else if (!process.waitFor(deadline.toNanos(), TimeUnit.NANOSECONDS)) {
                timedOut = true;
                kill(process);
                process.waitFor();
            }
            out.join();
            err.join();
            return new ExitStatus(process.exitValue(), timedOut);
        }

        private interface Taker {
            void take(byte[] buffer, int offset, int length) throws IOException;
        }

        private static Thread copy(InputStream from, Taker to) {
            return start(() -> {
                byte[] buffer = new byte[16 * 1024];
                boolean wanted = true;
                try {
                    int length;
                    while ((length = from.read(buffer)) >= 0) {
                        try {
                            if (wanted) {
                                to.take(buffer, 0, length);
                            }
                        } catch (IOException e) {
                            wanted = false;
                        }
                    }
                } catch (IOException e) {
                    // the process was ended
                }
            });
        }

        private static Thread start(Runnable task) {
            Thread thread = Workers.daemons("host-sandbox-pump").newThread(task);
            thread.start();
            return thread;
        }

        @Override
        public void signal(Signal signal) {
            if (signal != Signal.TERM) {
                throw new UnsupportedOperationException();
            }
            // the first process only, as if the signal had come before the others were there
            process.destroy();
        }

        @Override
        public void end(Duration grace) {
            List<ProcessHandle> tree = new ArrayList<>(process.descendants().toList());
            try {
                if (!grace.isZero()) {
                    tree.forEach(ProcessHandle::destroy);
                    process.destroy();
                    process.waitFor(grace.toNanos(), TimeUnit.NANOSECONDS);
                }
                kill(process);
                tree.forEach(ProcessHandle::destroyForcibly);
                process.waitFor();
            } catch (InterruptedException e) {
                throw new AssertionError("end was called with the interrupt flag set", e);
            }
        }

        @Override
        public void close() {
            if (process.isAlive()) {
                kill(process);
            }
        }
    }
}
