package dev.sandkeeper.examples;

import dev.sandkeeper.Command;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Sandbox;
import java.io.IOException;
import java.io.PrintStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;

/** What {@link Quickstart} shows of one sandbox. Each part checks what it shows. */
final class Tour {
    private static final int FLOOD = 100 << 20;

    private final Sandbox sandbox;
    private final Witness witness;
    private final PrintStream out;
    private final Programs programs;

    Tour(Sandbox sandbox, Witness witness, PrintStream out) {
        this.sandbox = sandbox;
        this.witness = witness;
        this.out = out;
        this.programs =
                new Programs(sandbox.exec(Command.shell("command -v python3")).exitCode() == 0);
    }

    void program() {
        sandbox.files().write("input.txt", "17\n4\n21\n");
        sandbox.files().write("report", programs.report());
        ExecResult result = sandbox.exec(programs.language(), "report");
        String output = sandbox.files().readString("output.txt");
        check("the program exits with 3", result.exitCode() == 3, result);
        check("its standard output is kept", result.stdout().equals("read 3 numbers\n"), result.stdout());
        check("its standard error is kept apart", result.stderr().equals("leaving with 3\n"), result.stderr());
        check("its file can be read", output.equals("sum=42 max=21\n"), output);
        say(
                "program",
                programs.language() + " read input.txt and wrote output.txt: " + output.strip() + "; stdout: "
                        + result.stdout().strip() + "; stderr: "
                        + result.stderr().strip() + "; exit code "
                        + result.exitCode());
    }

    void runaway() throws InterruptedException {
        String marker = "runaway-" + UUID.randomUUID();
        Command command = Command.builder("sh", "-c", Programs.runaway(), "runaway", marker)
                .deadline(Duration.ofSeconds(2))
                .grace(Duration.ofMillis(200))
                .build();
        CompletableFuture<ExecResult> running = CompletableFuture.supplyAsync(() -> sandbox.exec(command));
        long most = 0;
        while (!running.isDone()) {
            most = Math.max(most, witness.processes(marker));
            pause(running);
        }
        ExecResult result = running.join();
        check("the host saw the children run", most >= 3, most);
        check("the runaway was ended at its deadline", result.timedOut(), result);
        check("what it had printed is kept", result.stdout().equals("started three children\n"), result.stdout());
        long left = witness.processes(marker);
        check("none of its processes is left", left == 0, left);
        say(
                "runaway",
                "ended after " + result.duration().toMillis() + " ms with its children, which ignored TERM: " + most
                        + " processes before, " + left + " after");
    }

    void network() throws IOException {
        try (ServerSocketChannel server = ServerSocketChannel.open().bind(new InetSocketAddress(0))) {
            server.configureBlocking(false);
            int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
            try (SocketChannel control =
                            SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                    SocketChannel accepted = server.accept()) {
                check("the host reaches its own server", accepted != null, control);
            }
            List<String> targets = new ArrayList<>();
            for (String address : addresses()) {
                targets.add(address + " " + port);
            }
            ExecResult result =
                    sandbox.exec(Command.builder(programs.connect(targets).toArray(String[]::new))
                            .deadline(Duration.ofSeconds(20))
                            .build());
            try (SocketChannel accepted = server.accept()) {
                check("nothing can be reached", result.exitCode() == 1 && accepted == null, result.stdout());
            }
            say("network", String.join("; ", result.stdout().strip().split("\n")));
        }
    }

    void flood() {
        ExecResult result = sandbox.exec(Command.builder("head", "-c", Integer.toString(FLOOD), "/dev/zero")
                .deadline(Duration.ofMinutes(1))
                .build());
        int kept = result.stdoutCapture().bytes().length;
        check(
                "the output arrives",
                result.exitCode() == 0 && result.stdoutCapture().totalBytes() == FLOOD,
                result);
        check("it is cut, and says so", result.truncated() && kept <= 1 << 20, kept);
        say(
                "flood",
                (FLOOD >> 20) + " MB printed in " + result.duration().toMillis() + " ms, " + (kept >> 10)
                        + " KB kept, truncated=" + result.truncated() + ", the host's heap is at most "
                        + (Runtime.getRuntime().maxMemory() >> 20) + " MB");
    }

    /** The median of a few quick commands, in milliseconds. */
    long quickExec() {
        return IntStream.range(0, 9)
                .mapToLong(i -> sandbox.exec("true").orThrow().duration().toMillis())
                .sorted()
                .skip(4)
                .findFirst()
                .orElseThrow();
    }

    private void say(String what, String how) {
        out.printf("%-8s %s%n", what, how);
    }

    static void check(String what, boolean holds, Object instead) {
        if (!holds) {
            throw new IllegalStateException("it does not hold that " + what + ": " + instead);
        }
    }

    private static void pause(CompletableFuture<?> running) throws InterruptedException {
        try {
            running.get(100, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            // it still runs
            return;
        } catch (ExecutionException e) {
            throw new IllegalStateException("the command failed", e.getCause());
        }
    }

    /** An address that the host surely has, those that it has besides, and one that is somewhere else. */
    private static List<String> addresses() throws IOException {
        List<String> addresses = new ArrayList<>(List.of("127.0.0.1"));
        NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
                .map(InetAddress::getHostAddress)
                .limit(1)
                .forEach(addresses::add);
        addresses.add("1.1.1.1");
        return addresses;
    }
}
