package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MutableClockTest {
    private final MutableClock clock = MutableClock.create();
    private final List<String> ran = new ArrayList<>();

    @Test
    void standsStillUntilItIsMoved() {
        Instant start = clock.instant();
        assertThat(clock.instant()).isEqualTo(start);
        clock.advance(Duration.ofMinutes(1));
        assertThat(clock.instant()).isEqualTo(start.plusSeconds(60));
        clock.set(start);
        assertThat(clock.instant()).isEqualTo(start);
        assertThatThrownBy(() -> clock.advance(Duration.ofNanos(-1))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void sharesItsTimeWithItsOtherZones() {
        MutableClock tokyo = clock.withZone(ZoneId.of("Asia/Tokyo"));
        clock.advance(Duration.ofHours(3));
        assertThat(tokyo.instant()).isEqualTo(clock.instant());
        assertThat(tokyo.getZone()).isEqualTo(ZoneId.of("Asia/Tokyo"));
    }

    @Test
    void runsWhatIsDueInOrderAndWhatWasCancelledNever() {
        clock.schedule(Duration.ofSeconds(2), () -> ran.add("second"));
        clock.schedule(Duration.ofSeconds(1), () -> ran.add("first"));
        clock.schedule(Duration.ofSeconds(1), () -> ran.add("cancelled")).run();
        clock.schedule(Duration.ofSeconds(9), () -> ran.add("later"));
        clock.advance(Duration.ofSeconds(5));
        assertThat(ran).containsExactly("first", "second");
    }
}
