package dev.sandkeeper.daytona;

import dev.sandkeeper.internal.ShellScripts;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import okio.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * What is written into a sandbox to run one command: the script and, between quotes, everything that comes from outside.
 * Arguments and environment so reach neither a command line that Daytona keeps nor anybody's list of processes.
 */
final class CommandFile {
    /** What the tag of every command begins with. */
    static final String TAG_PREFIX = "d-";

    /** Variables that a shell protects, and the one by which it splits words: exporting them would fail or do harm. */
    private static final Pattern OF_SHELLS =
            Pattern.compile("BASHOPTS|BASH_VERSINFO|EUID|IFS|PPID|SHELLOPTS|UID|__sk_.*");

    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /** How long after its deadline a command ends that nobody ended: the host comes first, with a grace. */
    private static final Duration AFTER_DEADLINE = Duration.ofSeconds(5);

    private static final String DIRECTORY = "/tmp/.sandkeeper/x/";
    private static final String COMMON =
            ShellScripts.find() + ShellScripts.sweep() + ShellScripts.read(CommandFile.class, "common.sh");
    private static final String COMMAND = COMMON + ShellScripts.read(CommandFile.class, "command.sh");
    private static final String TERMINAL = COMMON + ShellScripts.read(CommandFile.class, "terminal.sh");

    private final String tag;

    CommandFile(String tag) {
        this.tag = tag;
    }

    static boolean isUsable(String variable) {
        return VARIABLE.matcher(variable).matches()
                && !OF_SHELLS.matcher(variable).matches();
    }

    static String rule() {
        return "must match " + VARIABLE + " and be none that shells keep for themselves";
    }

    /** Where everything of the command is. */
    String directory() {
        return DIRECTORY + tag;
    }

    String script() {
        return directory() + "/cmd";
    }

    String input() {
        return directory() + "/input";
    }

    String piece(long number) {
        return directory() + "/in." + number;
    }

    String segment(char stream, long number) {
        return directory() + "/" + stream + "." + number;
    }

    /** What shows that a host lives. */
    static String lease(String connection) {
        return DIRECTORY + "lease-" + connection;
    }

    /**
     * The file.
     *
     * @param lease the file that its host keeps changing; null if a deadline ends the command anyway
     * @param input 0 for nothing to read, 1 for the input file, 2 for what is sent
     * @param environment whether the sandbox must have an environment of its own
     */
    ByteString content(ProcessRequest request, @Nullable String lease, int input, boolean environment) {
        Text text = new Text();
        text.plain("__sk_n=" + tag + " __sk_t=" + seconds(request.deadline()) + " __sk_v="
                + (lease == null ? "" : lease) + " __sk_i=" + input + " __sk_u=" + (environment ? 1 : 0) + " __sk_d=");
        text.quoted(request.workingDirectory());
        text.plain("\n__sk_set() {\n:\n");
        exports(text, request.environment());
        text.plain("}\n" + (request.terminal() == null ? COMMAND : TERMINAL) + "__sk_run");
        request.arguments().forEach(argument -> {
            text.plain(" ");
            text.quoted(argument);
        });
        text.plain("\n");
        return ByteString.of(text.bytes.toByteArray());
    }

    /** What every command of a sandbox reads before it becomes its program. */
    static ByteString environment(Map<String, String> environment, @Nullable Integer openFiles) {
        Text text = new Text();
        exports(text, environment);
        if (openFiles != null) {
            text.plain("ulimit -n " + openFiles + "\n");
        }
        return ByteString.of(text.bytes.toByteArray());
    }

    private static void exports(Text text, Map<String, String> environment) {
        environment.forEach((name, value) -> {
            text.plain("export " + name + "=");
            text.quoted(value);
            text.plain("\n");
        });
    }

    /** After how many seconds everything of a command is killed inside, if nobody else does it; 0 for never. */
    static long seconds(@Nullable Duration deadline) {
        return deadline == null
                ? 0
                : deadline.plusMillis(999).plus(AFTER_DEADLINE).toSeconds();
    }

    private static final class Text {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(8192);

        void plain(String ascii) {
            bytes.writeBytes(ascii.getBytes(StandardCharsets.US_ASCII));
        }

        void quoted(String value) {
            bytes.writeBytes(ShellQuote.of(value).getBytes(StandardCharsets.UTF_8));
        }
    }
}
