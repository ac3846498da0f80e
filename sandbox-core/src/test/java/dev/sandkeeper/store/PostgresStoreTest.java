package dev.sandkeeper.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.PostgresServer;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
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

    @Test
    @Tag("long")
    void aJvmThatStallsInATransactionHoldsOthersUpForSecondsAndWritesNothing() throws Exception {
        SandboxStore others = open(database());
        SandboxRow row = others.rows().insert(Rows.row());
        Jdbi jdbi = Jdbi.create(dataSource());
        CountDownLatch locked = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            Future<Integer> stalled = thread.submit(() -> new PostgresDialect().inTransaction(jdbi, handle -> {
                int changed = handle.execute(
                        "UPDATE sandkeeper_sandbox SET attempts = 9 WHERE id = ?",
                        row.id().toString());
                locked.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                return changed;
            }));
            locked.await();
            assertThat(others.rows().compareAndSet(row.change().attempts(1).build()))
                    .isPresent();
            goOn.countDown();
            assertThatThrownBy(stalled::get).hasRootCauseInstanceOf(SQLException.class);
            assertThat(others.rows().find(row.id()).orElseThrow().attempts()).isEqualTo(1);
        } finally {
            goOn.countDown();
            thread.shutdown();
        }
    }
}
