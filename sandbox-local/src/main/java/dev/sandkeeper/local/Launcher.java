package dev.sandkeeper.local;

import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts programs in one sandbox, each in a process namespace of its own: command.sh. */
final class Launcher {
    private static final Logger LOG = LoggerFactory.getLogger(Launcher.class);
    /** How long after its deadline a command is ended that its caller has not ended. */
    static final Duration OVERTIME = Duration.ofSeconds(5);

    private final SandboxRef ref;
    private final Description description;
    private final ProcessIdentity holder;
    private final List<Path> groups;
    private final Host host;
    private final Warden warden;

    /** A program that is being started; its input is open if that was asked for. */
    record Launched(Process process, CommandRecord record, OutputStream stdin) {}

    Launcher(
            SandboxRef ref,
            Description description,
            ProcessIdentity holder,
            List<Path> groups,
            Host host,
            Warden warden) {
        this.ref = ref;
        this.description = description;
        this.holder = holder;
        this.groups = groups;
        this.host = host;
        this.warden = warden;
    }

    boolean holderAlive() {
        return holder.alive();
    }

    SandboxRef ref() {
        return ref;
    }

    Host host() {
        return host;
    }

    /** How many shells may be kept open: they take no more than half of the sandbox's processes. */
    int mostShells() {
        return description.limits().mostShells();
    }

    /** Starts a command of its own. */
    Launched command(ProcessRequest request) throws IOException {
        return launch(request, description.limits().processesOfUser(description.lifetime()));
    }

    /** Starts a program that will run commands. */
    Launched shell(ProcessRequest request) throws IOException {
        return launch(request, description.limits().processesOfShell(description.lifetime()));
    }

    private Launched launch(ProcessRequest request, int processes) throws IOException {
        CommandRecord record = new CommandRecord(warden.newRecord(), holder);
        ShellText settings = settings(request, record.file(), processes);
        boolean visible = settings.fitsArgument();
        byte[] hidden = visible ? new byte[0] : settings.toBytes();
        byte[] environment = JailArguments.environment(request.environment());
        List<String> command = List.of(
                host.tool("setsid"),
                host.tool("sh"),
                "-c",
                host.scripts().command(),
                "sandkeeper-command",
                visible ? settings.toString() : "",
                Integer.toString(hidden.length),
                Integer.toString(environment.length));
        Process process = host.processBuilder(command).start();
        OutputStream stdin = new CommandInput(process.getOutputStream());
        try {
            stdin.write(hidden);
            stdin.write(environment);
            if (!request.stdin()) {
                stdin.close();
            }
        } catch (IOException e) {
            // It has ended already, and its end will tell why.
            LOG.debug("a command of {} takes no input: {}", ref, e.toString());
        }
        return new Launched(process, record, request.stdin() ? stdin : CommandInput.none());
    }

    private ShellText settings(ProcessRequest request, Path record, int processes) {
        Limits limits = description.limits();
        long wait = Deadline.secondsInside(request.deadline(), OVERTIME);
        ShellText text = new ShellText()
                .assign("record", record)
                .assign("holder", holder.pid())
                .assign("wait", wait)
                .assign("groups", groups.stream().map(Path::toString).collect(Collectors.joining(" ")))
                .assign("become", String.join(" ", host.become(description.uid())))
                .assign("nsenter", host.tool("nsenter"))
                .assign("bwrap", host.tool("bwrap"))
                .assign("net", description.ownNetwork() ? "-n" : "")
                .assign("files", limits.files())
                .assign("memory", limits.addressSpace() / 1024)
                .assign("processes", processes)
                .assign("directory", request.workingDirectory());
        text.raw("set --");
        request.arguments().forEach(argument -> text.raw(" ").word(argument));
        return text.raw("\n");
    }
}
