package dev.sandkeeper.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SamplesTest {
    private final Samples samples = new Samples();

    @Test
    void answersTheNearestRankWhateverTheOrder() {
        LongStream.rangeClosed(1, 1000).map(n -> 1001 - n).forEach(samples::add);
        assertThat(samples.nanos(0.5)).isEqualTo(500);
        assertThat(samples.nanos(0.95)).isEqualTo(950);
        assertThat(samples.nanos(0.99)).isEqualTo(990);
        assertThat(samples.nanos(1)).isEqualTo(1000);
    }

    @Test
    void answersTheOnlySampleForEveryPart() {
        samples.add(2_500_000);
        assertThat(samples.millis(0.5)).isEqualTo(2.5);
        assertThat(samples.millis(0.99)).isEqualTo(2.5);
    }

    @Test
    void refusesToAnswerWhatWasNotMeasured() {
        assertThatThrownBy(() -> samples.nanos(0.5)).hasMessage("nothing was measured");
    }
}
