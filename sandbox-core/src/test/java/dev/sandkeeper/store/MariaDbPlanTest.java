package dev.sandkeeper.store;

import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.MariaDbServer;
import dev.sandkeeper.testsupport.Needs;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jdbi.v3.core.statement.Query;
import org.mariadb.jdbc.MariaDbDataSource;

@Needs(Component.MARIADB)
class MariaDbPlanTest extends PlanContract {
    MariaDbPlanTest(MariaDbServer server) {
        super(dataSource(server.newDatabase()), new MariaDbDialect());
    }

    private static DataSource dataSource(String url) {
        try {
            return new MariaDbDataSource(url);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    String analyze() {
        return "ANALYZE TABLE sandkeeper_sandbox, sandkeeper_label, sandkeeper_history";
    }

    @Override
    List<String> scans(Query explanation, boolean limited) {
        return explanation.mapToMap().list().stream()
                .filter(line -> readsAll(line, limited))
                .map(Map::toString)
                .toList();
    }

    /** An insert is said to be of the type ALL too, but reads nothing. */
    private static boolean readsAll(Map<String, Object> line, boolean limited) {
        Object type = line.get("type");
        return !"INSERT".equals(line.get("select_type")) && ("ALL".equals(type) || (!limited && "index".equals(type)));
    }

    @Override
    boolean readsOnly(String index, Query explanation) {
        return explanation.mapToMap().list().stream()
                .allMatch(line -> index.equals(line.get("key"))
                        && String.valueOf(line.get("extra")).contains("Using index"));
    }
}
