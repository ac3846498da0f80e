package dev.sandkeeper.testsupport;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A database server of the tests' own, as durable as an application's: on a free port of the loopback address, in a temporary
 * directory, under an ordinary user. It ends with this JVM, whatever ends that. A module that uses it brings the driver.
 */
public abstract class DatabaseServer implements AutoCloseable {
    /**
     * Runs the server until it ends, or its own input does, as when the JVM has died: then without a trace, while a line that
     * says "keep" leaves the data.
     */
    private static final String SCRIPT = """
            dir=$1 signal=$2
            shift 2
            exec 3<&0
            "$@" </dev/null >>"$dir/log" 2>&1 3<&- &
            server=$!
            {
                read -r word
                [ "$word" = keep ] || : >"$dir/remove"
                kill -s "$signal" "$server"
            } <&3 2>/dev/null &
            reader=$!
            exec 3<&-
            wait "$server"
            kill "$reader" 2>/dev/null
            [ ! -e "$dir/remove" ] || rm -rf "$dir"
            """;

    private static final int START_SECONDS = 40;

    private final String user;
    private final String stopSignal;
    private final Path directory;
    private final AtomicInteger databases = new AtomicInteger();
    private int port;
    private @Nullable Process process;
    private volatile @Nullable Exception refusal;

    DatabaseServer(String user, String stopSignal) {
        this.user = user;
        this.stopSignal = stopSignal;
        try {
            this.directory = Files.createTempDirectory("sandkeeper-" + user);
            if (root()) {
                Files.setOwner(
                        directory,
                        directory
                                .getFileSystem()
                                .getUserPrincipalLookupService()
                                .lookupPrincipalByName(user));
            }
        } catch (UserPrincipalNotFoundException e) {
            throw new IllegalStateException("there is no user " + user + ", which the server's package makes", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What makes its data. */
    abstract List<String> initialize(Path data);

    /** What runs it. */
    abstract List<String> serve(Path data, int port) throws IOException;

    /** The URL of one of its databases, or of the one that is there from the start. */
    abstract String url(int port, @Nullable String database);

    /** The statement that makes a database. */
    abstract String create(String database);

    /**
     * Starts a PostgreSQL server for a program that is no test.
     *
     * @return the server, ready; the caller closes it
     */
    public static DatabaseServer postgres() {
        return opened(new PostgresServer());
    }

    /**
     * Starts a MariaDB server for a program that is no test.
     *
     * @return the server, ready; the caller closes it
     */
    public static DatabaseServer mariaDb() {
        return opened(new MariaDbServer());
    }

    private static DatabaseServer opened(DatabaseServer server) {
        server.open();
        return server;
    }

    /**
     * Makes a database, empty, of its own for who asks.
     *
     * @return its URL; it takes the user without a password
     */
    public final String newDatabase() {
        String name = "test_" + databases.incrementAndGet();
        try (Connection connection = DriverManager.getConnection(url(port, null));
                Statement statement = connection.createStatement()) {
            statement.execute(create(name));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return url(port, name);
    }

    final void open() {
        try {
            run(initialize(directory.resolve("data")));
            for (int attempt = 1; ; attempt++) {
                port = freePort();
                if (answersSoon()) {
                    return;
                }
                if (attempt == 5) {
                    throw silent(null);
                }
            }
        } catch (IOException e) {
            close();
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Starts it again, where it was. */
    public final void start() {
        try {
            if (!answersSoon()) {
                throw silent(null);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends it, and every connection to it. */
    public final void stop() {
        end("keep\n");
    }

    @Override
    public final void close() {
        if (process != null) {
            end("");
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (NoSuchFileException e) {
            // closed before
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** False if it ended instead, such as when the port was taken meanwhile. */
    private boolean answersSoon() throws IOException {
        List<String> command = new ArrayList<>(List.of("sh", "-c", SCRIPT, "sh", directory.toString(), stopSignal));
        command.addAll(unprivileged(serve(directory.resolve("data"), port)));
        Process started = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        process = started;
        try {
            Awaitility.await().atMost(START_SECONDS, TimeUnit.SECONDS).until(() -> answers() || !started.isAlive());
        } catch (ConditionTimeoutException e) {
            stop();
            throw silent(refusal);
        }
        // or it is another one's that answers there
        if (answers() && started.isAlive()) {
            return true;
        }
        stop();
        return false;
    }

    private IllegalStateException silent(@Nullable Exception cause) throws IOException {
        return new IllegalStateException(
                "the server does not answer: " + Files.readString(directory.resolve("log"), StandardCharsets.UTF_8),
                cause);
    }

    private boolean answers() {
        try {
            DriverManager.getConnection(url(port, null)).close();
            return true;
        } catch (SQLException e) {
            refusal = e;
            return false;
        }
    }

    private void end(String word) {
        Process running = process;
        process = null;
        if (running == null) {
            return;
        }
        try (var in = running.getOutputStream()) {
            in.write(word.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            // it has ended by itself
            refusal = e;
        }
        boolean interrupted = false;
        while (true) {
            try {
                running.waitFor();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run(List<String> command) throws IOException {
        Process running = new ProcessBuilder(unprivileged(command))
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        running.getOutputStream().close();
        String output = new String(running.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (running.waitFor() != 0) {
                throw new IllegalStateException(command + " failed: " + output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + command.get(0) + " ran", e);
        }
    }

    /** These servers refuse to be root. */
    private List<String> unprivileged(List<String> command) throws IOException {
        if (!root()) {
            return command;
        }
        List<String> whole = new ArrayList<>(List.of("setpriv", "--reuid", user, "--regid", user, "--clear-groups"));
        whole.addAll(command);
        return whole;
    }

    private static boolean root() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
