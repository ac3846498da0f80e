package dev.sandkeeper.testkit.simulator.fly;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.MarkScanner;
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
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What runs inside a machine: one shell in the real sandbox that starts the main process and whatever is executed, each as a child
 * of its own, all in one process namespace, as a guest's init does. It is told what to do on its standard input; what has
 * ended it tells on its standard output. Safe from many threads.
 */
final class FlyGuest {
    private static final Logger LOG = LoggerFactory.getLogger(FlyGuest.class);

    /**
     * What has ended is told by one process, so that nothing is mixed. Nobody waits for a command that the simulator gave up: it
     * goes on, as under the real init.
     */
    private static final String INIT = """
            exec 8>&1 2>/dev/null
            fly_d=/tmp/.fly-init
            mkdir -p "$fly_d"
            mkfifo "$fly_d/ended"
            exec 9<>"$fly_d/ended"
            (
              fly_l= fly_n=0
              while read -r fly_i fly_c; do
                printf 'R %%s %%s\\n' "$fly_i" "$fly_c"
                [ ! -s "$fly_d/$fly_i.o" ] || cat "$fly_d/$fly_i.o"
                printf '\\001%1$s'
                [ ! -s "$fly_d/$fly_i.e" ] || cat "$fly_d/$fly_i.e"
                printf '\\001%1$s'
                fly_l="$fly_l $fly_d/$fly_i.o $fly_d/$fly_i.e" fly_n=$((fly_n + 1))
                [ "$fly_n" -lt 32 ] || { rm -f $fly_l; fly_l= fly_n=0; }
              done <&9 >&8
            ) &
            cd /
            """;

    private final Machine machine;
    private final BackendProcess init;
    private final Map<Long, CompletableFuture<Ended>> running = new HashMap<>();
    private final String mark = UUID.randomUUID().toString();
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
        guest.tell(INIT.formatted(guest.mark));
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
        // with & it would ignore INT and QUIT, which no guest's init has anybody do; so it ends who waits for it
        StringBuilder text = new StringBuilder("(read -r fly_p fly_x </proc/self/stat; (kill -9 \"$fly_p\"; ");
        if (input.length > 0) {
            text.append("printf '");
            for (byte each : input) {
                printed(text, each);
            }
            text.append("' | ");
        }
        for (String word : command) {
            text.append(" '").append(word.replace("'", "'\\''")).append('\'');
        }
        text.append(input.length == 0 ? " </dev/null" : "");
        text.append(" >\"$fly_d/%1$d.o\" 2>\"$fly_d/%1$d.e\" 8>&- 9>&-; echo \"%1$d $?\" >&9); exit)\n".formatted(id));
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

    /** Takes the answers of the shell apart: a line, and two streams with a mark behind each. */
    private final class Frames implements OutputSink {
        private final MarkScanner scanner = new MarkScanner(mark, false, record -> marked());
        private final ByteArrayOutputStream header = new ByteArrayOutputStream();
        private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
        private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
        private int marks;
        private boolean inHeader = true;

        @Override
        public void stdout(byte[] buffer, int offset, int length) throws IOException {
            scanner.accept(buffer, offset, length, this::take);
        }

        private void take(byte[] buffer, int offset, int length) {
            int at = offset;
            while (inHeader && at < offset + length) {
                byte each = buffer[at++];
                if (each == '\n') {
                    inHeader = false;
                } else {
                    header.write(each);
                }
            }
            (marks == 0 ? stdout : stderr).write(buffer, at, offset + length - at);
        }

        private void marked() {
            if (++marks < 2) {
                return;
            }
            String[] words = header.toString(StandardCharsets.US_ASCII).split(" ", -1);
            CompletableFuture<Ended> end = words.length == 3 ? ended(Long.parseLong(words[1])) : null;
            if (end != null) {
                end.complete(new Ended(
                        Integer.parseInt(words[2]),
                        stdout.toString(StandardCharsets.UTF_8),
                        stderr.toString(StandardCharsets.UTF_8)));
            }
            marks = 0;
            inHeader = true;
            header.reset();
            stdout.reset();
            stderr.reset();
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
