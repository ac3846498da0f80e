package dev.sandkeeper.store;

import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.PostgresServer;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

@Needs(Component.POSTGRESQL)
class PostgresStoreTest extends ServerStoreContract {
    PostgresStoreTest(PostgresServer server) {
        super(server, new PostgresDialect());
    }

    @Override
    String isolationQuery() {
        return "SHOW transaction_isolation";
    }

    @Override
    DataSource dataSource(String address) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(address);
        return source;
    }
}
