package dev.sandkeeper.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;

class H2DialectTest {
    /** Else a kill leaves rows and indexes that contradict each other: {@code scripts/chaos} has found it. */
    @Test
    void runsOneTransactionAtATimeWhateverTheStore() throws Exception {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                // as when two stores have the same file open
                H2Dialect dialect = new H2Dialect();
                Jdbi jdbi = Jdbi.create("jdbc:h2:mem:" + UUID.randomUUID());
                all.add(threads.submit(() -> {
                    for (int k = 0; k < 10; k++) {
                        dialect.inTransaction(jdbi, handle -> {
                            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                            LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
                            return inside.decrementAndGet();
                        });
                    }
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(most).hasValue(1);
    }
}
