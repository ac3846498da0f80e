package dev.sandkeeper.store;

import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.MariaDbServer;
import dev.sandkeeper.testsupport.Needs;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.mariadb.jdbc.MariaDbDataSource;

@Needs(Component.MARIADB)
class MariaDbStoreTest extends ServerStoreContract {
    MariaDbStoreTest(MariaDbServer server) {
        super(server, new MariaDbDialect());
    }

    @Override
    DataSource dataSource(String address) {
        try {
            return new MariaDbDataSource(address);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
