package dev.sandkeeper.testsupport;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** MariaDB as Debian packages it, with an order of words that is not that of bytes. */
public final class MariaDbServer extends DatabaseServer {
    MariaDbServer() {
        super("mysql", "TERM");
    }

    @Override
    List<String> initialize(Path data) {
        return List.of(
                Programs.get("mariadb-install-db"),
                "--no-defaults",
                "--datadir=" + data,
                temporaryFiles(data),
                "--auth-root-authentication-method=normal",
                "--skip-test-db");
    }

    /** Not where another one has its own, which a server that starts takes for left over and removes. */
    private static String temporaryFiles(Path data) {
        return "--tmpdir=" + data.getParent();
    }

    @Override
    List<String> serve(Path data, int port) throws IOException {
        Path users = Files.writeString(
                data.resolveSibling("users.sql"),
                "CREATE USER IF NOT EXISTS sandkeeper@'127.0.0.1';\nGRANT ALL ON *.* TO sandkeeper@'127.0.0.1';\n");
        return List.of(
                Programs.get("mariadbd"),
                "--no-defaults",
                "--datadir=" + data,
                temporaryFiles(data),
                "--init-file=" + users,
                "--bind-address=127.0.0.1",
                "--port=" + port,
                "--socket=socket",
                "--pid-file=" + data.resolveSibling("pid"),
                "--skip-name-resolve",
                "--skip-log-bin",
                "--character-set-server=utf8mb4",
                "--collation-server=utf8mb4_general_ci",
                "--innodb-buffer-pool-size=64M",
                "--innodb-flush-log-at-trx-commit=1");
    }

    @Override
    String url(int port, @Nullable String database) {
        return "jdbc:mariadb://127.0.0.1:" + port + "/" + (database == null ? "mysql" : database)
                + "?user=sandkeeper&sslMode=disable";
    }

    @Override
    String create(String database) {
        return "CREATE DATABASE " + database;
    }
}
