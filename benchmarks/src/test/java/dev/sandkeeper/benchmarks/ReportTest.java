package dev.sandkeeper.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Report report = new Report(new PrintStream(out, true, StandardCharsets.UTF_8));

    private List<String> lines() {
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void printsColumnsOfEqualWidth() {
        report.table(List.of("", "p50 ms"), List.of(List.of("one", 12.3456), List.of("another", 1234.6)));
        assertThat(lines())
                .containsExactly(
                        "|         | p50 ms |", "|---------|-------:|", "| one     |   12.3 |", "| another |   1235 |");
    }

    @Test
    void endsWithTheRatiosAsJson() {
        report.atLeast("fast", 21.04, 20, "times faster");
        report.atMost("small", 0.000123, 1.1, "times the time");
        report.atMost("big", 123456, 1.1, "times the time");
        report.end("exec");
        assertThat(lines())
                .last()
                .isEqualTo("{\"bench\":\"exec\",\"ratios\":{\"fast\":21.0,\"small\":0.000123,\"big\":123000}}");
        assertThat(lines()).anyMatch(line -> line.contains("fast") && line.contains(" met "));
        assertThat(lines()).anyMatch(line -> line.contains("big") && line.contains("MISSED"));
    }
}
