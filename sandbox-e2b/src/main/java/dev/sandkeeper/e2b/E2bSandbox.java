package dev.sandkeeper.e2b;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Endpoint;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.http.DownloadedFiles;
import dev.sandkeeper.internal.CommandControl;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.PrintfFormat;
import dev.sandkeeper.internal.ShellBackground;
import dev.sandkeeper.internal.ShellFiles;
import dev.sandkeeper.internal.ShellMeasures;
import dev.sandkeeper.internal.Tags;
import dev.sandkeeper.spi.BackendBackground;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connection to one sandbox. */
final class E2bSandbox implements BackendSandbox {
    private static final Logger LOG = LoggerFactory.getLogger(E2bSandbox.class);
    private static final Duration KILLING = Duration.ofSeconds(3);
    private static final byte[] NOTHING = {};
    private static final int HTTPS = 443;
    /** One variable of a command's environment may be as long, as Linux has it. */
    private static final int LONGEST_VARIABLE = 128 * 1024 - 64;

    /** How long after its deadline a command ends that nobody ended: the host comes first, with a grace. */
    private static final Duration AFTER_DEADLINE = Duration.ofSeconds(5);

    private final String ref;
    private final Map<String, String> metadata;
    private final String domain;
    private final EnvdAddress address;
    private final SpecRules rules;
    private final Envd envd;
    private final Scripts scripts;
    private final Lease lease;
    private final BackendFiles files;
    private final BackendBackground background;
    private final ShellMeasures measures;
    private final Set<String> tags = ConcurrentHashMap.newKeySet();
    private final Set<E2bProcess> running = ConcurrentHashMap.newKeySet();
    private final Runnable onClose;
    private volatile boolean closed;

    E2bSandbox(
            String backend,
            Envd envd,
            EnvdAddress address,
            Wire.Sandbox sandbox,
            SpecRules rules,
            Executor workers,
            Consumer<E2bSandbox> closing) {
        this.ref = envd.ref();
        this.metadata = sandbox.labels();
        this.domain = sandbox.domain() == null ? "" : sandbox.domain();
        this.address = address;
        this.rules = rules;
        this.envd = envd;
        this.scripts = new Scripts(envd);
        this.lease = new Lease(envd, workers);
        this.files = new DownloadedFiles(new ShellFiles(this::script, backend, workers), envd::open);
        this.background = new ShellBackground(this, backend, null);
        this.measures = new ShellMeasures(this, backend);
        this.onClose = () -> closing.accept(this);
    }

    @Override
    public String providerRef() {
        return ref;
    }

    /** Makes the workspace, where the template has none. */
    void prepare() {
        String said = scripts.prepare(null, "");
        if (said.startsWith("workspace ")) {
            scripts.prepare("root", said.substring("workspace ".length()).strip());
            said = scripts.prepare(null, "");
        }
        if (!said.strip().equals("ready")) {
            String lack = said.contains("setsid") ? "setsid" : "a directory " + SandboxSpec.WORKSPACE + " of its user";
            throw new BackendRejectedException(envd.client()
                    .failure("image_unsuitable", "the template of sandbox " + ref + " has no " + lack)
                    .remedy("Build one that has it: setsid is part of util-linux and of busybox"));
        }
    }

    @Override
    public BackendProcess start(ProcessRequest request) {
        return start(request, NOTHING);
    }

    @Override
    public BackendProcess start(ProcessRequest request, byte[] input) {
        if (closed) {
            throw new BackendUnavailableException(
                    envd.client().failure("connection_closed", "the connection to sandbox " + ref + " is closed"));
        }
        rules.checkVariables(request.environment().keySet());
        if (request.user() != null) {
            throw rules.missing(
                    Capability.COMMAND_USER, "user", "Use sudo in the command, which E2B's own templates have");
        }
        String printed = request.terminal() == null ? printed(input) : null;
        boolean byStream = input.length > 0 && printed == null;
        ProcessRequest asked = byStream ? request.withStdin() : request;
        E2bProcess process = launch(asked, printed);
        if (byStream) {
            feed(process, input);
        }
        return process;
    }

    /** The input as a variable of the command, with which it travels; null if there is none, or too much for that. */
    private static @Nullable String printed(byte[] input) {
        if (input.length == 0 || input.length > LONGEST_VARIABLE) {
            return null;
        }
        String format = PrintfFormat.of(input);
        return format.length() > LONGEST_VARIABLE ? null : format;
    }

    private BackendProcess script(ProcessRequest request, byte @Nullable [] input) {
        return request.stdin()
                ? new UploadedScript(envd, this::start, request)
                : start(request, input == null ? NOTHING : input);
    }

    private E2bProcess launch(ProcessRequest request, @Nullable String printed) {
        boolean terminal = request.terminal() != null;
        // a terminal can be told to print in capitals
        String tag = Scripts.TAG_PREFIX + Tags.next().toUpperCase(Locale.ROOT);
        boolean leased = request.deadline() == null;
        Map<String, String> environment = new HashMap<>(request.environment());
        if (printed != null) {
            environment.put("__sk_in", printed);
        }
        List<String> arguments = new ArrayList<>(List.of(
                "sh",
                "-c",
                Scripts.COMMAND,
                "sandkeeper",
                tag,
                Long.toString(Deadline.secondsInside(request.deadline(), AFTER_DEADLINE)),
                leased ? lease.path() : "",
                terminal ? "1" : "0",
                request.workingDirectory()));
        arguments.addAll(request.arguments());
        tags.add(tag);
        if (leased) {
            lease.hold(tag);
        }
        boolean started = false;
        try {
            ProcessStream stream =
                    envd.start(new Envd.Start(arguments, environment, null, request.stdin(), request.terminal()));
            E2bProcess[] self = new E2bProcess[1];
            E2bProcess process = new E2bProcess(envd, scripts.control(), tag, request, stream, () -> {
                forget(tag);
                running.remove(self[0]);
            });
            self[0] = process;
            running.add(process);
            started = true;
            process.awaitTerminal();
            return process;
        } finally {
            if (!started) {
                lease.release(tag); // should it run all the same, it ends with that
            }
        }
    }

    private void forget(String tag) {
        tags.remove(tag);
        lease.release(tag);
    }

    private static void feed(E2bProcess process, byte[] input) {
        try (var stdin = process.stdin()) {
            stdin.write(input);
        } catch (IOException e) {
            LOG.debug("the command did not read all of its input: {}", e.getMessage());
        }
    }

    @Override
    public BackendFiles files() {
        return files;
    }

    @Override
    public BackendBackground background() {
        return background;
    }

    @Override
    public Endpoint endpoint(int port) {
        if (!Identity.hasNetwork(metadata)) {
            throw rules.invalid(
                    "port",
                    port + " cannot be reached: the sandbox was created without a network",
                    "Create it with network(Network.full()) and port(" + port + ")");
        }
        Set<Integer> ports = Identity.ports(metadata);
        if (ports != null && !ports.contains(port)) {
            throw rules.invalid(
                    "port",
                    port + " was not asked for when the sandbox was created",
                    "Create it with port(" + port + ")");
        }
        return new Endpoint(address.host(ref, domain, port), HTTPS);
    }

    @Override
    public OptionalLong workspaceBytes() {
        return measures.workspaceBytes();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        boolean interrupted = Thread.interrupted();
        try {
            scripts.control()
                    .kill(
                            tags.stream()
                                    .map(tag -> CommandControl.target(tag, 0))
                                    .toList(),
                            KILLING);
        } catch (SandboxException e) {
            LOG.debug("commands in sandbox {} are left to end by themselves: {}", ref, e.getMessage());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            tags.forEach(lease::release);
            running.forEach(E2bProcess::close);
            onClose.run();
        }
    }
}
