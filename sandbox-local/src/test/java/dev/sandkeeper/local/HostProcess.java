package dev.sandkeeper.local;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** A host application in a JVM of its own, to be killed. */
final class HostProcess implements AutoCloseable {
    private static final String BEAT = "while :; do echo x >> /workspace/beat; sleep 0.1; done";

    private final Process process;
    private final BufferedReader output;

    private HostProcess(Process process) {
        this.process = process;
        this.output = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Starts one. Its first line is the sandbox's reference. */
    static HostProcess start(Path state, String what) throws IOException {
        return new HostProcess(new ProcessBuilder(command(System.getProperty("java.class.path"), state, what))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** The same as a user of the host who is not root, with a state directory of his own. */
    static HostProcess startAs(int uid, Path shared, String what) throws IOException {
        String classPath = copyClassPath(shared);
        Path state = Files.createDirectory(shared.resolve("state"));
        Files.setAttribute(state, "unix:uid", uid);
        String number = Integer.toString(uid);
        List<String> command =
                new ArrayList<>(List.of("setpriv", "--reuid", number, "--regid", number, "--clear-groups"));
        command.addAll(command(classPath, state, what));
        return new HostProcess(new ProcessBuilder(command)
                .directory(shared.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** The same in a JVM whose character set is that of 1968. */
    static HostProcess startInPosixLocale(Path state, String what) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command(System.getProperty("java.class.path"), state, what))
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().keySet().removeIf(name -> name.startsWith("LC_") || name.equals("LANG"));
        builder.environment().put("LC_ALL", "POSIX");
        return new HostProcess(builder.start());
    }

    private static List<String> command(String classPath, Path state, String what) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // what the JVM itself says would come between the lines of the program
                "-XX:+DisplayVMOutputToStderr",
                "-Xlog:disable",
                "-Xlog:all=warning:stderr",
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath,
                HostProcess.class.getName(),
                state.toString(),
                what);
    }

    String line() throws IOException {
        String line = output.readLine();
        if (line == null) {
            throw new AssertionError("the host application has ended without an answer");
        }
        return line;
    }

    /** What {@code kill -9} does. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    long pid() {
        return process.pid();
    }

    int awaitEnd() throws InterruptedException {
        return process.waitFor();
    }

    @Override
    public void close() {
        kill();
    }

    public static void main(String[] arguments) throws Exception {
        Path state = Path.of(arguments[0]);
        LocalBackend backend = LocalBackend.builder().stateDirectory(state).build();
        switch (arguments[1]) {
            case "store", "process" -> live(backend, Lifetime.valueOf(arguments[1].toUpperCase(Locale.ROOT)));
            case "smoke" -> smoke(backend);
            case "trial" -> tryOut(backend, state);
            default -> throw new IllegalArgumentException(arguments[1]);
        }
    }

    /** Runs a command without a deadline, one with, and one that leaves something behind; then waits to be killed. */
    private static void live(LocalBackend backend, Lifetime lifetime) throws Exception {
        BackendSandbox sandbox = backend.create(
                Rig.request(SandboxSpec.builder().lifetime(lifetime).build()));
        say(sandbox.providerRef());
        Rig.shell(sandbox, "echo from the first > f; (setsid sleep 1000 >/dev/null 2>&1 &) ; echo");
        sandbox.start(Rig.script("trap '' TERM HUP PIPE; " + BEAT));
        sandbox.start(
                Rig.withDeadline("trap '' TERM HUP PIPE; " + BEAT.replace("/beat", "/late"), Duration.ofSeconds(2)));
        while (!Rig.shell(sandbox, "cat beat late >/dev/null 2>&1 && echo both")
                .text()
                .equals("both\n")) {
            Thread.onSpinWait();
        }
        say("running");
        System.in.read();
    }

    /** Leaves a trial behind when it is killed, and keeps others from theirs until then. */
    private static void tryOut(LocalBackend backend, Path state) throws Exception {
        BackendSandbox sandbox = backend.create(
                Rig.request(Support.DEPLOYMENT, SandboxSpec.builder().build()));
        TrialLock.alone(state, () -> {
            say(sandbox.providerRef());
            return System.in.read();
        });
    }

    private static void smoke(LocalBackend backend) throws Exception {
        String odd = "\u00fc\u65e5 '\n";
        try (backend) {
            BackendSandbox sandbox =
                    backend.create(Rig.request(SandboxSpec.builder().build()));
            ProcessRequest echo = new ProcessRequest(
                    List.of("sh", "-c", "printf '%s|%s|%s|' \"$1\" \"$V\" \"$PWD\"; id -u; exit 3", "sh", odd),
                    Map.of("V", odd),
                    "/workspace/" + odd,
                    null,
                    false,
                    Duration.ofSeconds(60));
            sandbox.files()
                    .write(
                            "/workspace/" + odd + "/f",
                            new ByteArrayInputStream("content".getBytes(StandardCharsets.UTF_8)),
                            -1);
            Rig.Result result = Rig.run(sandbox, echo);
            expect(odd + "|" + odd + "|/workspace/" + odd + "|1000\n", result.text());
            expect("3", Integer.toString(result.exitCode()));
            expect(
                    "/workspace/" + odd + "/f",
                    sandbox.files().list("/workspace/" + odd, 5).get(0).path());
            ProcessRequest missing =
                    new ProcessRequest(List.of("no-such-program"), Map.of(), "/", null, false, Duration.ofSeconds(60));
            expect("command_not_found", Rig.code(() -> Rig.run(sandbox, missing)));
            backend.destroy(sandbox.providerRef());
            expect("[]", backend.listOwned(Rig.DEPLOYMENT).resources().toString());
        }
        say("passed");
    }

    private static void expect(String expected, String found) {
        if (!expected.equals(found)) {
            throw new AssertionError("expected " + expected + " but found " + found);
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static String copyClassPath(Path target) throws IOException {
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxr-xr-x"));
        List<String> copied = new ArrayList<>();
        int number = 0;
        for (String entry : System.getProperty("java.class.path").split(":", -1)) {
            Path source = Path.of(entry);
            Path copy = target.resolve(number++ + "-" + source.getFileName());
            if (Files.exists(source)) {
                copyTree(source, copy);
                copied.add(copy.toString());
            }
        }
        return String.join(":", copied);
    }

    private static void copyTree(Path source, Path target) throws IOException {
        Files.walkFileTree(source, Set.of(), Integer.MAX_VALUE, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                Files.createDirectories(
                        target.resolve(source.relativize(directory).toString()));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.copy(
                        file,
                        source.equals(file)
                                ? target
                                : target.resolve(source.relativize(file).toString()));
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
