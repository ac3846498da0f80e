package dev.sandkeeper.conformance;

import com.atlassian.oai.validator.OpenApiInteractionValidator;
import com.atlassian.oai.validator.model.Request;
import com.atlassian.oai.validator.model.SimpleRequest;
import com.atlassian.oai.validator.model.SimpleResponse;
import com.atlassian.oai.validator.report.LevelResolver;
import com.atlassian.oai.validator.report.ValidationReport;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Compares traffic with a provider's OpenAPI file. What is known to be wrong in the file is a named exception; everything else
 * that differs is a violation. Safe from many threads.
 */
public final class OpenApiCheck implements TrafficCheck {
    private final OpenApiInteractionValidator validator;
    private final Predicate<SimulatorTraffic> applies;
    private final UnaryOperator<String> path;
    private final List<KnownError> knownErrors;

    private OpenApiCheck(
            OpenApiInteractionValidator validator,
            Predicate<SimulatorTraffic> applies,
            UnaryOperator<String> path,
            List<KnownError> knownErrors) {
        this.validator = validator;
        this.applies = applies;
        this.path = path;
        this.knownErrors = List.copyOf(knownErrors);
    }

    /**
     * Something that the file says and the service does not do.
     *
     * @param reason why it is no violation, with the place where that is known from
     * @param traffic the exchanges that it is about
     * @param message part of the validator's message
     */
    public record KnownError(String reason, Predicate<SimulatorTraffic> traffic, String message) {}

    /**
     * Reads a file.
     *
     * @param file OpenAPI 3.0, YAML or JSON
     * @param applies which exchanges the file describes
     * @param path what the file calls a path that was asked for
     * @param knownErrors what is not a violation
     * @return the check
     */
    public static OpenApiCheck of(
            Path file, Predicate<SimulatorTraffic> applies, UnaryOperator<String> path, List<KnownError> knownErrors) {
        OpenApiInteractionValidator validator = OpenApiInteractionValidator.createForSpecificationUrl(
                        file.toUri().toString())
                .withLevelResolver(LevelResolver.create()
                        // Fields may be added by the service at any time; of ours the simulator refuses what it does
                        // not know.
                        .withLevel("validation.schema.additionalProperties", ValidationReport.Level.IGNORE)
                        // The files leave out what every client may send.
                        .withLevel("validation.request.parameter.query.unexpected", ValidationReport.Level.ERROR)
                        // Credentials are the simulator's to check.
                        .withLevel("validation.request.security", ValidationReport.Level.IGNORE)
                        .build())
                .build();
        return new OpenApiCheck(validator, applies, path, knownErrors);
    }

    @Override
    public List<String> violations(SimulatorTraffic traffic) {
        if (!applies.test(traffic) || traffic.status() == 0 || traffic.status() == 101) {
            return List.of();
        }
        String templatePath = path.apply(traffic.path());
        SimpleResponse answer = answer(traffic);
        Request.Method method = Request.Method.valueOf(traffic.method().toUpperCase(Locale.ROOT));
        ValidationReport report = traffic.complete()
                ? validator.validateResponse(templatePath, method, answer)
                : ValidationReport.empty();
        // What the service would refuse may be wrong in any way.
        if (traffic.status() < 400) {
            report = report.merge(validator.validateRequest(request(traffic, templatePath, method)));
        }
        return report.getMessages().stream()
                .filter(message -> message.getLevel() == ValidationReport.Level.ERROR)
                .map(ValidationReport.Message::getMessage)
                .filter(message -> knownErrors.stream()
                        .noneMatch(known -> known.traffic().test(traffic) && message.contains(known.message())))
                .map(message -> traffic + ": " + message)
                .toList();
    }

    private static SimpleRequest request(SimulatorTraffic traffic, String path, Request.Method method) {
        SimpleRequest.Builder builder = new SimpleRequest.Builder(method, path);
        for (Map.Entry<String, List<String>> header : traffic.requestHeaders().entrySet()) {
            builder.withHeader(header.getKey(), header.getValue());
        }
        if (!traffic.query().isEmpty()) {
            for (String pair : traffic.query().split("&", -1)) {
                int equals = pair.indexOf('=');
                String value = equals < 0 ? "" : pair.substring(equals + 1);
                builder.withQueryParam(decode(equals < 0 ? pair : pair.substring(0, equals)), decode(value));
            }
        }
        if (traffic.requestBody().length > 0) {
            builder.withBody(traffic.requestText());
        }
        return builder.build();
    }

    private static SimpleResponse answer(SimulatorTraffic traffic) {
        SimpleResponse.Builder builder = SimpleResponse.Builder.status(traffic.status());
        traffic.answerHeaders().forEach(builder::withHeader);
        if (traffic.answerBody().length > 0) {
            builder.withBody(traffic.answerText());
        }
        return builder.build();
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }
}
