package dev.sandkeeper.store;

import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.PostgresServer;
import java.util.List;
import javax.sql.DataSource;
import org.jdbi.v3.core.statement.Query;
import org.postgresql.ds.PGSimpleDataSource;

@Needs(Component.POSTGRESQL)
class PostgresPlanTest extends PlanContract {
    PostgresPlanTest(PostgresServer server) {
        super(dataSource(server.newDatabase()), new PostgresDialect());
    }

    private static DataSource dataSource(String url) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(url);
        return source;
    }

    @Override
    String analyze() {
        return "VACUUM ANALYZE";
    }

    @Override
    List<String> scans(Query explanation, boolean limited) {
        return explanation.mapTo(String.class).list().stream()
                .filter(line -> line.contains("Seq Scan"))
                .toList();
    }

    @Override
    boolean readsOnly(String index, Query explanation) {
        return explanation.mapTo(String.class).list().stream()
                .anyMatch(line -> line.contains("Index Only Scan using " + index + " "));
    }
}
