package dev.sandkeeper.testsupport;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** PostgreSQL as Debian packages it, with an order of words that is not that of bytes. */
public final class PostgresServer extends DatabaseServer {
    PostgresServer() {
        super("postgres", "INT");
    }

    @Override
    List<String> initialize(Path data) {
        return List.of(
                Programs.get("initdb"),
                "--pgdata=" + data,
                "--username=sandkeeper",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--locale-provider=icu",
                "--icu-locale=en",
                "--no-sync");
    }

    @Override
    List<String> serve(Path data, int port) {
        return List.of(
                Programs.get("postgres"),
                "-D",
                data.toString(),
                "-p",
                Integer.toString(port),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "shared_buffers=32MB",
                "-c",
                "fsync=on");
    }

    @Override
    String url(int port, @Nullable String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/postgres"
                + (database == null ? "?user=sandkeeper" : "?user=application&currentSchema=" + database);
    }

    /** A schema, which costs less, and a user that may do nothing outside of it. */
    @Override
    String create(String database) {
        return """
                DO $$ BEGIN
                    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'application') THEN
                        CREATE ROLE application LOGIN;
                    END IF;
                END $$;
                CREATE SCHEMA %s AUTHORIZATION application""".formatted(database);
    }
}
