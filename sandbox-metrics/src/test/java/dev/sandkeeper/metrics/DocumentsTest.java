package dev.sandkeeper.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the documents query is what a scrape has. */
class DocumentsTest {
    private static final Path DOCS = Path.of("../docs");
    private static final Pattern SELECTOR = Pattern.compile("\\b(sandbox_\\w+)(?:\\{([^}]*)})?");
    private static final Pattern CONDITION = Pattern.compile("(\\w+)(=~|=)\"([^\"]*)\"");
    private static final Pattern GROUPING = Pattern.compile("\\bby \\(([^)]*)\\)");
    private static final Pattern GAUGE = Pattern.compile("sandbox_(active|expired|stuck|state)_count");
    private static final Pattern GAUGE_BY_MAX =
            Pattern.compile("max(?: by \\(\\w+\\) )?\\(sandbox_(active|expired|stuck|state)_count\\)");

    private Scrapes scrapes;
    private List<String> samples;

    @BeforeEach
    void scrape() throws IOException {
        scrapes = new Scrapes();
        SandboxMetrics metrics = new SandboxMetrics(scrapes.registry);
        Events.all("docker").forEach(metrics::onEvent);
        samples = Scrapes.samples(scrapes.text());
    }

    @AfterEach
    void close() {
        scrapes.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"alerts.yml", "grafana-dashboard.json"})
    void queriesOnlyNamesAndTagsOfAScrape(String document) throws IOException {
        List<String> queries = queries(document);
        assertThat(queries).hasSizeGreaterThan(5);
        for (String query : queries) {
            Matcher selector = SELECTOR.matcher(query);
            assertThat(selector.find()).as(query).isTrue();
            do {
                String name = selector.group(1);
                assertHas(name + "[{ ]", query);
                Matcher condition = CONDITION.matcher(selector.group(2) == null ? "" : selector.group(2));
                while (condition.find()) {
                    for (String value : condition.group(3).split("\\|", -1)) {
                        assertHas(name + "\\{.*\\b" + condition.group(1) + "=\"" + value + "\"", query);
                    }
                }
                Matcher grouping = GROUPING.matcher(query);
                while (grouping.find()) {
                    for (String tag : grouping.group(1).split(", *", -1)) {
                        assertHas(name + "\\{.*\\b" + tag + "=", query);
                    }
                }
            } while (selector.find());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"alerts.yml", "grafana-dashboard.json"})
    void asksForTheGreatestOfTheCountsThatEveryJvmReports(String document) throws IOException {
        int gauges = 0;
        for (String query : queries(document)) {
            long all = GAUGE.matcher(query).results().count();
            assertThat(GAUGE_BY_MAX.matcher(query).results().count()).as(query).isEqualTo(all);
            gauges += (int) all;
        }
        assertThat(gauges).isPositive();
    }

    @Test
    void everyNameIsDescribedAndNoOther() throws IOException {
        Set<String> described = new TreeSet<>();
        Matcher row = Pattern.compile("^\\| `(sandbox_\\w+)` \\|", Pattern.MULTILINE)
                .matcher(Files.readString(DOCS.resolve("metrics.md")));
        while (row.find()) {
            described.add(row.group(1));
        }
        Set<String> scraped = new TreeSet<>();
        for (String name : Scrapes.names(scrapes.text())) {
            scraped.add(name.replaceFirst("(_seconds)_(bucket|count|max|sum)$", "$1"));
        }
        assertThat(described).isEqualTo(scraped);
    }

    private void assertHas(String sample, String query) {
        Pattern pattern = Pattern.compile("^" + sample);
        assertThat(samples).as(query).anyMatch(line -> pattern.matcher(line).find());
    }

    private static List<String> queries(String document) throws IOException {
        ObjectMapper mapper = document.endsWith(".yml") ? new ObjectMapper(new YAMLFactory()) : new ObjectMapper();
        return mapper.readTree(DOCS.resolve(document).toFile()).findValues("expr").stream()
                .map(JsonNode::asText)
                .toList();
    }
}
