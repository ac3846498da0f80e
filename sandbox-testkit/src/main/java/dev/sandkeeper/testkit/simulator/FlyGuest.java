package dev.sandkeeper.testkit.simulator;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.testkit.simulator.internal.Machine;
import dev.sandkeeper.testkit.simulator.internal.SimulatorServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What runs inside a machine: one shell in the real sandbox that starts the main process and whatever is executed, each as a child
 * of its own, all in one process namespace, as a guest's init does. It is told what to do on its standard input; what has
 * ended it tells on its standard output, a line of number, exit code and sizes, and the bytes of both streams behind it. Safe
 * from many threads.
 */
final class FlyGuest {
    private static final Logger LOG = LoggerFactory.getLogger(FlyGuest.class);

    /** Nothing is told of a command that the simulator gave up waiting for: it goes on, as under the real init. */
    private static final String INIT = """
            exec 8>&1
            fly_d=/tmp/.fly-init
            mkdir -p "$fly_d"
            fly_ended() {
              (
                flock 9
                set -- "$1" "$2" $(stat -c %s "$fly_d/$1.o" "$fly_d/$1.e")
                printf 'R %s %s %s %s\\n' "$1" "$2" "$3" "$4"
                cat "$fly_d/$1.o" "$fly_d/$1.e"
                rm -f "$fly_d/$1.o" "$fly_d/$1.e"
              ) 9>"$fly_d/lock" >&8
            }
            cd /
            """;

    private final Machine machine;
    private final BackendProcess init;
    private final Map<Long, CompletableFuture<Ended>> running = new HashMap<>();
    private final Frames frames = new Frames();
    private long number;
    private boolean gone;

    /** How a command ended, and what it printed, read as UTF-8 as JSON wants it. */
    record Ended(int exitCode, String stdout, String stderr) {}

    private FlyGuest(Machine machine, BackendProcess init) {
        this.machine = machine;
        this.init = init;
    }

    /**
     * Starts the shell.
     *
     * @param user who it runs as; null for the sandbox's user
     */
    static FlyGuest boot(Machine machine, @Nullable String user, SimulatorServer server) throws IOException {
        BackendProcess init = machine.start(new ProcessRequest(List.of("sh"), Map.of(), "/", user, true, null));
        FlyGuest guest = new FlyGuest(machine, init);
        guest.tell(INIT);
        server.run("init", guest::listen);
        return guest;
    }

    private void listen() {
        try {
            init.pump(frames);
        } catch (SandboxException e) {
            LOG.debug("the init of {} is gone: {}", machine.ref(), e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            List<CompletableFuture<Ended>> left;
            synchronized (this) {
                gone = true;
                left = List.copyOf(running.values());
                running.clear();
            }
            left.forEach(each -> each.cancel(false));
            machine.ended(init);
        }
    }

    private void tell(String text) throws IOException {
        OutputStream stdin = init.stdin();
        synchronized (stdin) {
            stdin.write(text.getBytes(StandardCharsets.UTF_8));
            stdin.flush();
        }
    }

    /**
     * Starts a command.
     *
     * @param command program and arguments
     * @param input what it reads
     * @return its end; cancelled if the machine goes before
     */
    CompletableFuture<Ended> run(List<String> command, byte[] input) throws IOException {
        CompletableFuture<Ended> end = new CompletableFuture<>();
        long id;
        synchronized (this) {
            if (gone) {
                end.cancel(false);
                return end;
            }
            id = ++number;
            running.put(id, end);
        }
        StringBuilder text = new StringBuilder("(");
        if (input.length > 0) {
            text.append("printf '");
            for (byte each : input) {
                printed(text, each);
            }
            text.append("' | ");
        }
        text.append("( exec 8>&-; exec");
        for (String word : command) {
            text.append(" '").append(word.replace("'", "'\\''")).append('\'');
        }
        text.append(")").append(input.length == 0 ? " </dev/null" : "");
        text.append(" >\"$fly_d/%d.o\" 2>\"$fly_d/%d.e\"; fly_ended %d $?) &\n".formatted(id, id, id));
        // this alone takes leave of those that have ended: they would count as processes for ever
        text.append("jobs >/dev/null\n");
        tell(text.toString());
        return end;
    }

    private static void printed(StringBuilder text, byte each) {
        boolean plain = each >= ' ' && each < 0x7f && each != '\'' && each != '\\' && each != '%';
        if (plain || each == '\n') {
            text.append((char) each);
        } else {
            text.append(String.format(Locale.ROOT, "\\%03o", each & 0xff));
        }
    }

    private synchronized @Nullable CompletableFuture<Ended> ended(long id) {
        return running.remove(id);
    }

    /** Takes the answers of the shell apart. */
    private final class Frames implements OutputSink {
        private final ByteArrayOutputStream header = new ByteArrayOutputStream();
        private long id;
        private int exitCode;
        private byte[] stdout = {};
        private byte[] stderr = {};
        private int have;
        private boolean inBody;

        @Override
        public void stdout(byte[] buffer, int offset, int length) {
            int at = offset;
            while (at < offset + length) {
                at = inBody ? body(buffer, at, offset + length) : head(buffer, at, offset + length);
            }
        }

        private int head(byte[] buffer, int from, int end) {
            int at = from;
            while (at < end && buffer[at] != '\n') {
                header.write(buffer[at++]);
            }
            if (at == end) {
                return end;
            }
            String[] words = header.toString(StandardCharsets.US_ASCII).split(" ", -1);
            header.reset();
            if (words.length == 5 && words[0].equals("R")) {
                id = Long.parseLong(words[1]);
                exitCode = Integer.parseInt(words[2]);
                stdout = new byte[Integer.parseInt(words[3])];
                stderr = new byte[Integer.parseInt(words[4])];
                have = 0;
                inBody = true;
                finishIfWhole();
            } else {
                LOG.warn("the init of {} says something else", machine.ref());
            }
            return at + 1;
        }

        private int body(byte[] buffer, int from, int end) {
            boolean first = have < stdout.length;
            byte[] to = first ? stdout : stderr;
            int position = first ? have : have - stdout.length;
            int part = Math.min(end - from, to.length - position);
            System.arraycopy(buffer, from, to, position, part);
            have += part;
            finishIfWhole();
            return from + part;
        }

        private void finishIfWhole() {
            if (have == stdout.length + stderr.length) {
                inBody = false;
                CompletableFuture<Ended> end = ended(id);
                if (end != null) {
                    end.complete(new Ended(exitCode, text(stdout), text(stderr)));
                }
            }
        }

        private static String text(byte[] bytes) {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        @Override
        public void stderr(byte[] buffer, int offset, int length) {
            LOG.debug(
                    "the init of {} complains: {}",
                    machine.ref(),
                    new String(buffer, offset, length, StandardCharsets.UTF_8));
        }
    }
}
