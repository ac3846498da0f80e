package dev.sandkeeper.benchmarks;

import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Prints tables as Markdown, and at the end the ratios: as a table, and as the one line that programs read. */
final class Report {
    private final PrintStream out;
    private final List<Ratio> ratios = new ArrayList<>();

    Report(PrintStream out) {
        this.out = out;
    }

    /**
     * One line of the goals that the project has set itself.
     *
     * @param key its name
     * @param value what was measured
     * @param reach what is wanted
     * @param atLeast whether more than the reach is better
     * @param meaning what the value is
     */
    record Ratio(String key, double value, double reach, boolean atLeast, String meaning) {
        boolean met() {
            return atLeast ? value >= reach : value <= reach;
        }
    }

    void say(String format, Object... values) {
        out.println(values.length == 0 ? format : String.format(Locale.ROOT, format, values));
        out.flush();
    }

    void title(String text) {
        say("\n### " + text + "\n");
    }

    /** A table; the first column names, the others are figures. */
    void table(List<String> columns, List<? extends List<?>> rows) {
        List<List<String>> cells = new ArrayList<>();
        cells.add(columns);
        rows.forEach(row -> cells.add(row.stream().map(Report::shown).toList()));
        int[] widths = new int[columns.size()];
        for (List<String> row : cells) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (int r = 0; r < cells.size(); r++) {
            out.println(line(cells.get(r), widths));
            if (r == 0) {
                StringBuilder rule = new StringBuilder("|");
                for (int i = 0; i < widths.length; i++) {
                    rule.append("-".repeat(widths[i] + 1)).append(i == 0 ? "-|" : ":|");
                }
                out.println(rule);
            }
        }
        out.flush();
    }

    /** How long calls took, a row for each variant. */
    void latency(Timings measured) {
        List<List<?>> rows = new ArrayList<>();
        measured.forEach((name, samples) -> rows.add(
                List.of(name, samples.millis(0.5), samples.millis(0.95), samples.millis(0.99), samples.count())));
        table(List.of("", "p50 ms", "p95 ms", "p99 ms", "n"), rows);
    }

    private static String line(List<String> row, int[] widths) {
        StringBuilder line = new StringBuilder("|");
        for (int i = 0; i < widths.length; i++) {
            line.append(String.format(" %" + (i == 0 ? "-" : "") + Math.max(1, widths[i]) + "s |", row.get(i)));
        }
        return line.toString();
    }

    /** Three digits that mean something, whatever the size. */
    private static String shown(Object value) {
        if (!(value instanceof Double number)) {
            return String.valueOf(value);
        }
        return rounded(number).abs().compareTo(BigDecimal.valueOf(100)) >= 0
                ? String.format(Locale.ROOT, "%.0f", number)
                : rounded(number).toPlainString();
    }

    private static BigDecimal rounded(double number) {
        return BigDecimal.valueOf(number).round(new MathContext(3));
    }

    void atLeast(String key, double value, double reach, String meaning) {
        ratios.add(new Ratio(key, value, reach, true, meaning));
    }

    void atMost(String key, double value, double reach, String meaning) {
        ratios.add(new Ratio(key, value, reach, false, meaning));
    }

    /** The last thing that a bench prints. */
    void end(String bench) {
        title("ratios");
        table(
                List.of("key", "value", "reach", "", "meaning"),
                ratios.stream()
                        .map(r -> List.of(
                                r.key(),
                                r.value(),
                                (r.atLeast() ? ">= " : "<= ") + shown(r.reach()),
                                r.met() ? "met" : "MISSED",
                                r.meaning()))
                        .toList());
        out.println();
        out.println("{\"bench\":\"" + bench + "\",\"ratios\":{"
                + ratios.stream()
                        .map(r -> "\"" + r.key() + "\":" + rounded(r.value()).toPlainString())
                        .collect(Collectors.joining(","))
                + "}}");
        out.flush();
    }
}
