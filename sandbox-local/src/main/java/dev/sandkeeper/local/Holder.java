package dev.sandkeeper.local;

import dev.sandkeeper.Lifetime;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The first process of a sandbox while this JVM holds its standard input. Until {@link #release} that end of file ends it, so it
 * cannot outlive a JVM that has not written it down; one of PROCESS lifetime stays that way.
 */
final class Holder {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String OUTER = "ulimit -c 0; exec \"$@\"";

    private final Process launcher;
    private final ProcessIdentity first;

    private Holder(Process launcher, ProcessIdentity first) {
        this.launcher = launcher;
        this.first = first;
    }

    /** Starts one and waits until its mounts are made. */
    static Holder start(HolderPlan plan, Host host) throws LaunchFailure, InterruptedException {
        Process process;
        try {
            process = host.processBuilder(command(plan, host))
                    .directory(plan.workspace().toFile())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            throw new LaunchFailure(String.valueOf(e.getMessage()));
        }
        boolean started = false;
        try {
            Future<Long> talk = host.executor().submit(() -> talk(process, plan));
            long pid = talk.get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
            ProcessIdentity first = Proc.identify(pid)
                    .orElseThrow(() -> new LaunchFailure("its first process ended as soon as it was ready"));
            started = true;
            return new Holder(process, first);
        } catch (TimeoutException e) {
            throw new LaunchFailure("nothing was heard of it within " + PATIENCE.toSeconds() + " seconds");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof LaunchFailure failure) {
                throw failure;
            }
            throw new LaunchFailure(String.valueOf(e.getCause()));
        } finally {
            if (!started) {
                Proc.withArgument(plan.marker()).forEach(ProcessIdentity::kill);
                process.destroyForcibly();
            }
        }
    }

    ProcessIdentity first() {
        return first;
    }

    /** Lets it live on: it has been written down. */
    void release(Lifetime lifetime) throws IOException {
        OutputStream stdin = launcher.getOutputStream();
        stdin.write("go\n".getBytes(StandardCharsets.US_ASCII));
        stdin.flush();
        if (lifetime == Lifetime.STORE) {
            stdin.close();
            // Only the launcher, which waits for it and would cost this JVM a thread.
            launcher.destroyForcibly();
        }
        launcher.getInputStream().close();
    }

    /** Ends it. */
    void end() {
        first.kill();
        try {
            launcher.getOutputStream().close();
            launcher.getInputStream().close();
        } catch (IOException e) {
            throw new UncheckedIOException("closing a pipe failed", e);
        } finally {
            launcher.destroyForcibly();
        }
    }

    private static List<String> command(HolderPlan plan, Host host) {
        Path image = plan.image();
        List<String> command =
                new ArrayList<>(List.of(host.tool("setsid"), host.tool("sh"), "-c", OUTER, plan.marker()));
        command.addAll(host.become(plan.uid()));
        command.addAll(List.of(host.tool("unshare"), "-U", "-r"));
        if (plan.ownNetwork()) {
            command.add("-n");
        }
        command.addAll(
                List.of("-p", "-m", "-i", host.tool("sh"), "-c", host.scripts().launch(), plan.marker()));
        command.addAll(List.of(
                host.scripts().holder(),
                plan.lifetime().name(),
                Integer.toString(plan.payload().argumentBytes()),
                Integer.toString(plan.payload().filterBytes()),
                Long.toString(plan.tmpBytes()),
                Long.toString(plan.sharedMemoryBytes()),
                Long.toString(plan.diskBytes()),
                image == null ? "" : image.toString(),
                plan.ownNetwork() ? "1" : "0",
                host.tool("mount")));
        return command;
    }

    /** Tells it what it needs and waits for its answer: its number, and that it is ready. */
    private static long talk(Process process, HolderPlan plan) throws LaunchFailure, IOException {
        IOException broken = null;
        try {
            OutputStream stdin = process.getOutputStream();
            plan.payload().writeTo(stdin);
            stdin.flush();
        } catch (IOException e) {
            // What it has said matters more than that it no longer listens.
            broken = e;
        }
        BufferedReader answers = process.inputReader(StandardCharsets.UTF_8);
        StringBuilder said = new StringBuilder();
        long pid = 0;
        boolean ready = false;
        @Nullable String line;
        while ((line = answers.readLine()) != null) {
            if (line.startsWith("holder ")) {
                pid = Long.parseLong(line.substring(7));
            } else if (line.equals("ready")) {
                ready = true;
            } else if (said.length() < 2000) {
                said.append(line).append('\n');
            }
            if (ready && pid != 0) {
                return pid;
            }
        }
        LaunchFailure failure = new LaunchFailure(said.toString());
        if (broken != null) {
            failure.addSuppressed(broken);
        }
        throw failure;
    }
}
