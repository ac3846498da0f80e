package dev.sandkeeper.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.MariaDbServer;
import dev.sandkeeper.testsupport.Needs;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.mariadb.jdbc.MariaDbDataSource;

@Needs(Component.MARIADB)
class MariaDbStoreTest extends ServerStoreContract {
    MariaDbStoreTest(MariaDbServer server) {
        super(server, new MariaDbDialect());
    }

    @Override
    String isolationQuery() {
        return "SELECT trx_isolation_level FROM information_schema.innodb_trx"
                + " WHERE trx_mysql_thread_id = CONNECTION_ID()";
    }

    @Override
    DataSource dataSource(String address) {
        try {
            return new MariaDbDataSource(address);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void tellsWhatIsNotLiveToADriverThatSendsBatchesInOneGo(MariaDbServer server) {
        String url = server.newDatabase() + "&useBulkStmts=true";
        SandboxRows rows = open(SandboxStore.builder().at(url, null, null)).rows();
        Map<SandboxId, Optional<Instant>> touched = new HashMap<>();
        for (int i = 0; i < 10; i++) {
            SandboxState state = i % 2 == 0 ? SandboxState.ACTIVE : SandboxState.CLEANING;
            touched.put(rows.insert(Rows.in(state, Rows.row())).id(), Optional.empty());
        }
        assertThat(rows.touch(touched))
                .hasSize(5)
                .allSatisfy(
                        id -> assertThat(rows.find(id).orElseThrow().state()).isEqualTo(SandboxState.CLEANING));
    }
}
