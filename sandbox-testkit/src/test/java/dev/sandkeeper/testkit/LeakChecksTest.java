package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class LeakChecksTest {
    @Test
    void namesAThreadThatWasLeftBehindUntilItHasEnded() {
        Set<Thread> before = LeakChecks.liveThreads();
        CountDownLatch over = new CountDownLatch(1);
        Thread left = new Thread(
                () -> {
                    try {
                        over.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "left behind by a test");
        left.start();
        assertThatThrownBy(() -> LeakChecks.assertNoThreadsSince(before, Duration.ofMillis(50)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("left behind by a test");
        over.countDown();
        assertThatCode(() -> LeakChecks.assertNoThreadsSince(before, Duration.ofSeconds(10)))
                .doesNotThrowAnyException();
    }

    @Test
    void doesNotCountThreadsThatWereThereBefore() {
        assertThatCode(() -> LeakChecks.assertNoThreadsSince(LeakChecks.liveThreads(), Duration.ofSeconds(1)))
                .doesNotThrowAnyException();
    }
}
