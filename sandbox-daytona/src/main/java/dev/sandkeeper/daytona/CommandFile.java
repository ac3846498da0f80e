package dev.sandkeeper.daytona;

import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.PrintfFormat;
import dev.sandkeeper.internal.ShellScripts;
import dev.sandkeeper.spi.ProcessRequest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import okio.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * What is written into a sandbox to run one command: the script and, between quotes, everything that comes from outside.
 * Arguments and environment so reach neither a command line that Daytona keeps nor anybody's list of processes.
 */
final class CommandFile {
    /** What the tag of every command begins with. */
    static final String TAG_PREFIX = "d-";

    /** How long after its deadline a command ends that nobody ended: the host comes first, with a grace. */
    private static final Duration AFTER_DEADLINE = Duration.ofSeconds(5);

    private static final String DIRECTORY = "/tmp/.sandkeeper/x/";
    private static final String COMMON =
            ShellScripts.find() + ShellScripts.sweep() + ShellScripts.read(CommandFile.class, "common.sh");
    private static final String COMMAND = COMMON + ShellScripts.read(CommandFile.class, "command.sh");
    private static final String TERMINAL = COMMON + ShellScripts.read(CommandFile.class, "terminal.sh");

    private static final String SHELL = COMMAND + ShellScripts.read(CommandFile.class, "shell.sh");

    private final String tag;
    private final String directory;
    private final boolean shared;

    private CommandFile(String tag, String directory, boolean shared) {
        this.tag = tag;
        this.directory = directory;
        this.shared = shared;
    }

    /** Of a command that has a place of its own. */
    CommandFile(String tag) {
        this(tag, DIRECTORY + tag, false);
    }

    /**
     * Of a command of a lasting shell.
     *
     * @param shell the shell's tag
     * @param place which of the shell's places it has, after others
     */
    static CommandFile shared(String tag, String shell, long place) {
        return new CommandFile(tag, shellDirectory(shell) + "/" + place, true);
    }

    /** Where everything of the command is. */
    String directory() {
        return directory;
    }

    /** Where everything of a lasting shell is. */
    static String shellDirectory(String shell) {
        return DIRECTORY + shell;
    }

    static String shellScript(String shell) {
        return shellDirectory(shell) + "/sh";
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
        Text text = new Text(false);
        settings(text, request, lease, input, environment);
        text.plain("\n__sk_set() {\n:\n");
        exports(text, request.environment());
        text.plain("}\n" + (request.terminal() == null ? COMMAND : TERMINAL));
        run(text, request);
        text.plain("\n");
        return text.bytes();
    }

    private void settings(Text text, ProcessRequest request, @Nullable String lease, int input, boolean environment) {
        text.plain("__sk_n=" + tag + " __sk_h=" + directory + " __sk_s=" + (shared ? "1" : "") + " __sk_t="
                + Deadline.secondsInside(request.deadline(), AFTER_DEADLINE) + " __sk_v=" + (lease == null ? "" : lease)
                + " __sk_i=" + input
                + " __sk_u=" + (environment ? 1 : 0) + " __sk_d=");
        text.quoted(request.workingDirectory());
    }

    private static void run(Text text, ProcessRequest request) {
        text.plain("__sk_run");
        request.arguments().forEach(argument -> {
            text.plain(" ");
            text.quoted(argument);
        });
    }

    /**
     * The command as one line of a lasting shell's input.
     *
     * @param lease the file that its host keeps changing; null if a deadline ends the command anyway
     * @param input what it reads
     * @param environment whether the sandbox must have an environment of its own
     */
    String line(ProcessRequest request, @Nullable String lease, byte[] input, boolean environment) {
        Text text = new Text(true);
        settings(text, request, lease, input.length == 0 ? 0 : 3, environment);
        text.plain("; __sk_set() { :; ");
        exports(text, request.environment());
        text.plain("}; ");
        if (input.length > 0) {
            text.plain("__sk_input() { printf '" + PrintfFormat.oneLine(input) + "'; }; ");
        }
        run(text, request);
        return text.bytes().utf8();
    }

    /** The line by which a lasting shell runs a command whose file has been written. */
    String reference() {
        return ". " + script();
    }

    /**
     * What a lasting shell runs.
     *
     * @param shell its tag
     * @param first the tag of its first command
     * @param line that command
     */
    static ByteString shell(String shell, String first, String line) {
        Text text = new Text(false);
        text.plain("__sk_shell=" + shell + " __sk_tag=" + first + " __sk_line=");
        text.quoted(line);
        text.plain("\n" + SHELL + "__sk_serve\n");
        return text.bytes();
    }

    /** What every command of a sandbox reads before it becomes its program. */
    static ByteString environment(Map<String, String> environment, @Nullable Integer openFiles) {
        Text text = new Text(false);
        exports(text, environment);
        if (openFiles != null) {
            text.plain("ulimit -n " + openFiles + "\n");
        }
        return text.bytes();
    }

    private static void exports(Text text, Map<String, String> environment) {
        environment.forEach((name, value) -> {
            text.plain("export " + name + "=");
            text.quoted(value);
            text.plain(text.oneLine ? "; " : "\n");
        });
    }

    /** For a shell to read; where it must be one line, {@code $__sk_nl} stands for a line feed. */
    private static final class Text {
        private final ByteArrayOutputStream all = new ByteArrayOutputStream(1024);
        private final boolean oneLine;

        Text(boolean oneLine) {
            this.oneLine = oneLine;
        }

        void plain(String ascii) {
            all.writeBytes(ascii.getBytes(StandardCharsets.US_ASCII));
        }

        void quoted(String value) {
            String word = ShellQuote.of(value);
            all.writeBytes((oneLine ? word.replace("\n", "'\"$__sk_nl\"'") : word).getBytes(StandardCharsets.UTF_8));
        }

        ByteString bytes() {
            return ByteString.of(all.toByteArray());
        }
    }
}
