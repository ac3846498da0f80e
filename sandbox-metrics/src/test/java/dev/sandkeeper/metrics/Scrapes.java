package dev.sandkeeper.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A Prometheus registry behind HTTP, and a Prometheus that asks it. */
final class Scrapes implements AutoCloseable {
    private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";
    private static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    private static final Pattern SAMPLE = Pattern.compile("(\\w+)(?:\\{(.*)})? (\\S+)");

    final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final HttpServer server;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(20))
            .build();

    Scrapes() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/metrics", exchange -> {
            String accept = exchange.getRequestHeaders().getFirst("Accept");
            byte[] body = registry.scrape(accept).getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", accept);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    String text() {
        return get(TEXT);
    }

    String openMetrics() {
        return get(OPEN_METRICS);
    }

    private String get(String accept) {
        URI uri = URI.create("http://" + server.getAddress().getAddress().getHostAddress() + ":"
                + server.getAddress().getPort() + "/metrics");
        HttpRequest request = HttpRequest.newBuilder(uri)
                .header("Accept", accept)
                .timeout(Duration.ofSeconds(20))
                .build();
        try {
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.headers().firstValue("Content-Type")).contains(accept);
            return response.body();
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** The lines that are values. */
    static List<String> samples(String scrape) {
        return scrape.lines().filter(line -> !line.startsWith("#")).toList();
    }

    /** The names of what is scraped, without tags and values. */
    static Set<String> names(String scrape) {
        Set<String> names = new TreeSet<>();
        samples(scrape).forEach(line -> names.add(matched(line).group(1)));
        return names;
    }

    /** The value of the one sample with these tags, written as in the scrape. */
    static double value(String scrape, String sample) {
        List<String> found = samples(scrape).stream()
                .filter(line -> line.startsWith(sample + " "))
                .toList();
        assertThat(found).as(sample + " in\n" + scrape).hasSize(1);
        return Double.parseDouble(matched(found.get(0)).group(3));
    }

    private static Matcher matched(String line) {
        Matcher matcher = SAMPLE.matcher(line);
        assertThat(matcher.matches()).as(line).isTrue();
        return matcher;
    }

    @Override
    public void close() {
        server.stop(0);
        registry.close();
    }
}
