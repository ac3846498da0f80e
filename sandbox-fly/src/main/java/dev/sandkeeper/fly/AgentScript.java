package dev.sandkeeper.fly;

import dev.sandkeeper.internal.ShellScripts;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.GZIPOutputStream;

/** The scripts that go into a Machine. */
final class AgentScript {
    private static final String DIRECTORY = "/tmp/.sandkeeper-fly";
    private static final int SHORT = 12;

    /**
     * Takes the agent from standard input, and runs it, once the first process of the Machine has set its end. $1 how many
     * characters, $2 its path, then its arguments.
     */
    private static final String INSTALL = """
            n=$1 p=$2 j=0
            shift 2
            until [ -e /tmp/.sandkeeper-fly/end ] || [ "$j" = 100 ]; do
              j=$((j + 1))
              sleep 0.02
            done
            umask 077
            cd /tmp/.sandkeeper-fly || exit 91
            [ -e "$p" ] || { head -c "$n" | base64 -d | gunzip >"$p.$$" && mv "$p.$$" "$p"; } || exit 92
            exec sh "$p" "$@"
            """;

    private final String path;
    private final String packed;
    private final String keeper = ShellScripts.read(AgentScript.class, "keeper.sh");

    AgentScript() {
        byte[] text = (ShellScripts.find() + ShellScripts.read(AgentScript.class, "agent.sh"))
                .getBytes(StandardCharsets.UTF_8);
        // a newer version of this library does not meet the script of an older one
        path = DIRECTORY + "/agent-" + digest(text);
        packed = Base64.getEncoder().encodeToString(zipped(text));
    }

    private static String digest(byte[] text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text);
            return HexFormat.of().formatHex(hash).substring(0, SHORT);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    private static byte[] zipped(byte[] text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(bytes)) {
            zip.write(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** {@return what runs the agent, without its arguments} */
    List<String> command() {
        return List.of("sh", path);
    }

    /** {@return what puts the agent in place and runs it, without the agent's arguments; reads {@link #packed()}} */
    List<String> installing() {
        return List.of("sh", "-c", INSTALL, "sandkeeper", Integer.toString(packed.length()), path);
    }

    /** {@return the agent as it travels} */
    String packed() {
        return packed;
    }

    /** {@return the first process of a Machine, which ends it after so long} */
    List<String> mainProcess(Duration life) {
        return List.of("/bin/sh", "-c", keeper, "sandkeeper", Long.toString(Math.max(1, life.toSeconds())));
    }
}
