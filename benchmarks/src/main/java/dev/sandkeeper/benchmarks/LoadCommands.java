package dev.sandkeeper.benchmarks;

import dev.sandkeeper.Command;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Sandbox;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Runs one command of a kind that chance chooses, and insists on its answer. Safe from many threads. */
final class LoadCommands {
    /** Comes before the mark among the arguments of what a deadline must have ended. */
    static final String TIMED_OUT = "timed-out-";

    private static final Duration LONG = Duration.ofMinutes(2);
    /** So long that a busy machine runs what comes before the wait. */
    private static final Duration SHORT = Duration.ofSeconds(10);

    private static final int FLOOD = 3_000_000;

    private final String mark;
    private final Map<String, Integer> counts = new TreeMap<>();

    LoadCommands(String mark) {
        this.mark = mark;
    }

    synchronized String counts() {
        return counts.toString();
    }

    private synchronized void count(String kind) {
        counts.merge(kind, 1, Integer::sum);
    }

    /**
     * Runs one.
     *
     * @param number is in its output, so that an answer to another one is not taken for it
     */
    void run(Sandbox sandbox, Random random, int number) {
        int dice = random.nextInt(100);
        String token = "token-" + number;
        if (dice < 35) {
            quick(sandbox, token);
        } else if (dice < 50) {
            failing(sandbox, token, 1 + random.nextInt(120));
        } else if (dice < 58) {
            killed(sandbox, token);
        } else if (dice < 82) {
            forging(sandbox, token, random);
        } else if (dice < 86) {
            flooding(sandbox, token);
        } else if (dice < 95) {
            forking(sandbox, token, "3");
        } else if (dice < 96) {
            forking(sandbox, token, "600");
        } else {
            timingOut(sandbox, token);
        }
    }

    private void quick(Sandbox sandbox, String token) {
        count("quick");
        ExecResult result = sandbox.exec(sh(LONG, "echo \"$1\"; echo \"$1 err\" >&2", token));
        require(result, 0, token + "\n", token + " err\n");
    }

    private void failing(Sandbox sandbox, String token, int code) {
        count("failing");
        ExecResult result = sandbox.exec(sh(LONG, "printf %s \"$1\"; exit $2", token, Integer.toString(code)));
        require(result, code, token, "");
    }

    private void killed(Sandbox sandbox, String token) {
        count("killed");
        ExecResult result = sandbox.exec(sh(LONG, "echo \"$1\"; kill -KILL $$", token));
        require(result, 137, token + "\n", "");
        if (result.signal().orElse(0) != 9) {
            throw new IllegalStateException("wanted signal 9: " + result);
        }
    }

    /** Says what a shell on the other side might say of a command's end, and comes through byte for byte. */
    private void forging(Sandbox sandbox, String token, Random random) {
        count("forging");
        byte[] noise = new byte[random.nextInt(8_000)];
        random.nextBytes(noise);
        for (int i = 0; i < noise.length; i += 1 + random.nextInt(40)) {
            noise[i] = 1;
        }
        byte[] said = (token + "\n\001" + token + "\001 0\nP 1 0 ok\nE 0\n\0\n:0\n").getBytes(StandardCharsets.UTF_8);
        byte[] all = Arrays.copyOf(said, said.length + noise.length);
        System.arraycopy(noise, 0, all, said.length, noise.length);
        ExecResult result =
                sandbox.exec(sh(LONG, "cat; printf '\\001%s\\001 0\\n' \"$1\" >&2; exit 3", token).toBuilder()
                        .stdin(all)
                        .build());
        require(result, 3, null, "\001" + token + "\001 0\n");
        if (!Arrays.equals(result.stdoutCapture().bytes(), all)) {
            throw new IllegalStateException("the output has changed on its way: " + result);
        }
    }

    private void flooding(Sandbox sandbox, String token) {
        count("flooding");
        ExecResult result =
                sandbox.exec(sh(LONG, "head -c " + FLOOD + " /dev/zero | tr '\\000' x; echo \"$1\" >&2", token));
        require(result, 0, null, token + "\n");
        if (result.stdoutCapture().totalBytes() != FLOOD
                || !result.stdoutCapture().truncated()) {
            throw new IllegalStateException("wanted " + FLOOD + " bytes, truncated: " + result);
        }
        for (byte one : result.stdoutCapture().bytes()) {
            if (one != 'x') {
                throw new IllegalStateException("wanted nothing but x, got " + one);
            }
        }
    }

    /** Leaves two children that hold its output open; whoever waited for them would meet the deadline. */
    private void forking(Sandbox sandbox, String token, String seconds) {
        count("forking, " + seconds + " s");
        ExecResult result = sandbox.exec(sh(
                LONG,
                "sh -c 'sleep $1; : $2' sh $2 $3 & setsid sh -c 'sleep $1; : $2' sh $2 $3 & echo \"$1\"",
                token,
                seconds,
                mark));
        require(result, 0, token + "\n", "");
    }

    private void timingOut(Sandbox sandbox, String token) {
        count("timing out");
        ExecResult result = sandbox.exec(
                sh(SHORT, "echo \"$1\"; sh -c 'sleep 600; : $1' sh $2; echo late", token, TIMED_OUT + mark).toBuilder()
                        .grace(Duration.ofMillis(100))
                        .build());
        // TERM comes to one process after another: a shell whose child has it first may go on for a moment
        boolean said = result.stdout().equals(token + "\n") || result.stdout().equals(token + "\nlate\n");
        if (!result.timedOut() || !said) {
            throw new IllegalStateException("wanted a deadline that was met: " + result + " " + result.stdout());
        }
    }

    private static Command sh(Duration deadline, String script, String... arguments) {
        String[] all = new String[arguments.length + 4];
        all[0] = "sh";
        all[1] = "-c";
        all[2] = script;
        all[3] = "sh";
        System.arraycopy(arguments, 0, all, 4, arguments.length);
        return Command.builder(all).deadline(deadline).build();
    }

    private static void require(ExecResult result, int code, @Nullable String out, String err) {
        if (result.timedOut()
                || result.exitCode() != code
                || (out != null && !result.stdout().equals(out))
                || !result.stderr().equals(err)) {
            throw new IllegalStateException("wanted " + code + ", \"" + out + "\", \"" + err + "\", got " + result
                    + ", \"" + (out == null ? "..." : result.stdout()) + "\", \"" + result.stderr() + "\"");
        }
    }
}
