package dev.sandkeeper.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.sandkeeper.Failure;
import dev.sandkeeper.StoreUnavailableException;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.Properties;

/** Connections to a database by URL: from a pool where HikariCP is on the class path, else a new one each time. */
final class ServerConnections {
    /** How long a pool waits for the server. Not for another transaction: there are as many connections as threads. */
    private static final long CONNECT_MILLIS = 5_000;

    /** A driver by itself waits for a server that has vanished as long as TCP does. */
    private static final Map<String, Map<String, String>> PATIENCE = Map.of(
            "jdbc:postgresql:", Map.of("connectTimeout", "5", "socketTimeout", "30", "tcpKeepAlive", "true"),
            "jdbc:mariadb:", Map.of("connectTimeout", "5000", "socketTimeout", "30000"),
            "jdbc:mysql:", Map.of("connectTimeout", "5000", "socketTimeout", "30000"));

    private static final Map<String, String> DRIVERS = Map.of(
            "jdbc:postgresql:", "org.postgresql:postgresql",
            "jdbc:mariadb:", "org.mariadb.jdbc:mariadb-java-client",
            "jdbc:mysql:", "com.mysql:mysql-connector-j");

    private ServerConnections() {}

    /** What a message may say of a URL: neither credentials nor parameters. */
    static String address(String url) {
        return url.replaceFirst("[?;].*", "").replaceFirst("//[^/]*@", "//");
    }

    static Source open(String url, Properties credentials, String name) {
        try {
            DriverManager.getDriver(url);
        } catch (SQLException e) {
            throw new StoreUnavailableException(
                    Failure.of("store_unsupported", name + " needs a JDBC driver that is not on the class path")
                            .remedy("Add " + DRIVERS.getOrDefault(scheme(url), "the driver of that database"))
                            .cause(e));
        }
        Properties properties = new Properties();
        PATIENCE.getOrDefault(scheme(url), Map.of()).forEach((key, value) -> {
            if (!url.contains(key + "=")) {
                properties.setProperty(key, value);
            }
        });
        properties.putAll(credentials);
        return pools()
                ? Pool.open(url, properties, name)
                : Source.of(() -> DriverManager.getConnection(url, properties), () -> name, () -> {});
    }

    private static String scheme(String url) {
        int end = url.indexOf(':', "jdbc:".length());
        return end < 0 ? url : url.substring(0, end + 1);
    }

    private static boolean pools() {
        try {
            Class.forName("com.zaxxer.hikari.HikariDataSource", false, ServerConnections.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /** Loaded only where HikariCP is. */
    private static final class Pool {
        private Pool() {}

        static Source open(String url, Properties properties, String name) {
            HikariConfig settings = new HikariConfig();
            settings.setPoolName("sandkeeper-store");
            settings.setJdbcUrl(url);
            settings.setDataSourceProperties(properties);
            settings.setMaximumPoolSize(Database.THREADS + 2);
            settings.setMinimumIdle(1);
            settings.setConnectionTimeout(CONNECT_MILLIS);
            HikariDataSource pool = new HikariDataSource(settings);
            return Source.of(pool::getConnection, () -> name, pool::close);
        }
    }
}
