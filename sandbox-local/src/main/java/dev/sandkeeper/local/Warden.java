package dev.sandkeeper.local;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One small process beside this JVM that ends its commands when it is gone: those without a deadline at once, the others 5
 * seconds after theirs. Each command writes itself down in this JVM's directory before it starts; the process learns of the
 * JVM's end by the end of its standard input, whatever thread had started it.
 */
final class Warden implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Warden.class);
    private static final String PREFIX = ".jvm-";
    private static final Pattern NAME = Pattern.compile("\\.jvm-(\\d+)-(\\d+)-[0-9a-f-]+");

    private final Host host;
    private final StateDirectory state;
    private final AtomicLong count = new AtomicLong();
    private @Nullable Process process;
    private @Nullable Path directory;
    private boolean closed;

    Warden(Host host, StateDirectory state) {
        this.host = host;
        this.state = state;
    }

    /** A new command's record, which does not exist yet. The warden runs when this returns. */
    synchronized Path newRecord() throws IOException {
        if (closed) {
            throw new IOException("this backend is closed");
        }
        if (process == null || !process.isAlive() || directory == null) {
            String name = PREFIX + host.self().pid() + "-" + host.self().ticks() + "-" + UUID.randomUUID();
            directory = state.createPrivate(name);
            process = start(directory);
        }
        return directory.resolve(Long.toString(count.incrementAndGet()));
    }

    /** Has the records of JVMs swept whose warden has died with them. */
    void adopt() {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(state.root(), PREFIX + "*")) {
            for (Path entry : entries) {
                Matcher name = NAME.matcher(entry.getFileName().toString());
                if (!name.matches()) {
                    continue;
                }
                var owner = new ProcessIdentity(Long.parseLong(name.group(1)), Long.parseLong(name.group(2)));
                if (!owner.alive()) {
                    start(entry).getOutputStream().close();
                }
            }
        } catch (IOException e) {
            LOG.warn("cannot look for commands of JVMs that have died: {}", e.toString());
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (process != null) {
            try {
                process.getOutputStream().close();
            } catch (IOException e) {
                LOG.debug("the warden has ended before: {}", e.toString());
            }
        }
    }

    private Process start(Path records) throws IOException {
        return host.processBuilder(List.of(
                        host.tool("setsid"),
                        host.tool("sh"),
                        "-c",
                        host.scripts().warden(),
                        "sandkeeper-warden",
                        records.toString()))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }
}
