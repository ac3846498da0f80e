package dev.sandkeeper.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.StoreUnavailableException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcConnectionPool;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** In a host's database that has tables of its own, and settings that would break a careless store. */
class HostDataSourceStoreTest extends SandboxStoreContract {
    private final JdbcConnectionPool pool =
            JdbcConnectionPool.create("jdbc:h2:mem:" + UUID.randomUUID() + ";IGNORECASE=TRUE", "sa", "");
    private final Connection host = fillTheHostsDatabase(pool);

    private static Connection fillTheHostsDatabase(DataSource database) {
        try {
            Connection connection = database.getConnection();
            try (Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE customers (id INT PRIMARY KEY)");
            }
            return connection;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void letGo() throws SQLException {
        host.close();
        pool.dispose();
    }

    @Override
    protected SandboxStore.Builder database() {
        return SandboxStore.builder().on(pool);
    }

    @Test
    void leavesTheHostsDatabaseOpenAndItsTablesAlone() throws SQLException {
        open(database()).close();
        try (Statement statement = host.createStatement();
                var tables = statement.executeQuery("SELECT LOWER(table_name) FROM information_schema.tables"
                        + " WHERE table_schema = 'PUBLIC' ORDER BY 1")) {
            var names = new java.util.ArrayList<String>();
            while (tables.next()) {
                names.add(tables.getString(1));
            }
            assertThat(names)
                    .containsExactly(
                            "customers",
                            "sandkeeper_deployment",
                            "sandkeeper_history",
                            "sandkeeper_label",
                            "sandkeeper_sandbox",
                            "sandkeeper_schema_history");
        }
    }

    @Test
    void refusesAnUnknownProductByName() {
        DataSource odd = (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {DataSource.class},
                (p, m, a) -> proxy(Connection.class, proxy(DatabaseMetaData.class, "OddBase")));
        assertThatThrownBy(() -> SandboxStore.on(odd)).isInstanceOfSatisfying(StoreUnavailableException.class, e -> {
            assertThat(e.code()).isEqualTo("store_unsupported");
            assertThat(e).hasMessageContaining("OddBase");
        });
    }

    private static Object proxy(Class<?> type, Object answer) {
        return Proxy.newProxyInstance(
                HostDataSourceStoreTest.class.getClassLoader(),
                new Class<?>[] {type},
                (p, method, arguments) -> method.getName().equals("close") ? null : answer);
    }

    @Test
    void saysWhenTheDatabaseCannotBeReached() {
        JdbcDataSource absent = new JdbcDataSource();
        absent.setURL("jdbc:h2:tcp://127.0.0.1:1/absent");
        assertThatThrownBy(() -> SandboxStore.on(absent))
                .isInstanceOfSatisfying(
                        StoreUnavailableException.class,
                        e -> assertThat(e.code()).isEqualTo("store_unavailable"));
    }
}
