package dev.sandkeeper.testkit.simulator.internal;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds who answers a request, by method and path template. A segment {@code {name}} takes any one segment, {@code {name*}} at
 * the end whatever is left; segments are compared while they are encoded, so that an encoded slash is no slash. Of two
 * templates that fit, the one with more literal segments wins. Built first, then used; not changed afterwards.
 */
public final class Router {
    private final List<Route> routes = new ArrayList<>();

    /** Answers a request. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Answers it, on a thread of the server that may block.
         *
         * @param exchange the request and the way to answer
         * @throws Exception whatever goes wrong; {@link Refusal} is answered, anything else is a 500
         */
        void handle(Exchange exchange) throws Exception;
    }

    /**
     * A route.
     *
     * @param method such as {@code GET}
     * @param template such as {@code /sandboxes/{sandboxID}}
     * @param handler who answers
     */
    public record Route(String method, String template, Handler handler) {
        /**
         * The route's name in a plan of faults.
         *
         * @return method and template
         */
        public String name() {
            return method + " " + template;
        }

        private List<String> segments() {
            return segmentsOf(template);
        }
    }

    /**
     * A route that fits.
     *
     * @param route the route
     * @param parameters of the path, decoded
     */
    public record Match(Route route, Map<String, String> parameters) {
        /** Copies the parameters. */
        public Match {
            parameters = Map.copyOf(parameters);
        }

        private long literals() {
            return route.segments().stream()
                    .filter(segment -> !segment.startsWith("{"))
                    .count();
        }
    }

    /**
     * Adds a route.
     *
     * @param method such as {@code GET}
     * @param template its path
     * @param handler who answers
     * @return this router
     */
    public Router add(String method, String template, Handler handler) {
        routes.add(new Route(method, template, handler));
        return this;
    }

    /**
     * The names of all routes.
     *
     * @return as a plan of faults knows them
     */
    public List<String> names() {
        return routes.stream().map(Route::name).toList();
    }

    Optional<Match> find(String method, String path) {
        Match best = null;
        for (Route route : routes) {
            Map<String, String> parameters = route.method().equals(method) ? fit(route, path) : null;
            if (parameters != null) {
                Match match = new Match(route, parameters);
                best = best == null || match.literals() > best.literals() ? match : best;
            }
        }
        return Optional.ofNullable(best);
    }

    /** Methods of the routes whose path fits: of none if the path is unknown, else this method is what is wrong. */
    String methodsFor(String path) {
        return routes.stream()
                .filter(route -> fit(route, path) != null)
                .map(Route::method)
                .distinct()
                .sorted()
                .collect(Collectors.joining(", "));
    }

    private static @Nullable Map<String, String> fit(Route route, String path) {
        List<String> wanted = route.segments();
        List<String> given = segmentsOf(path);
        Map<String, String> parameters = new LinkedHashMap<>();
        for (int i = 0; i < wanted.size(); i++) {
            String segment = wanted.get(i);
            if (segment.endsWith("*}")) {
                String rest = String.join("/", given.subList(Math.min(i, given.size()), given.size()));
                parameters.put(segment.substring(1, segment.length() - 2), decode(rest));
                return parameters;
            }
            if (i >= given.size()) {
                return null;
            }
            if (segment.startsWith("{")) {
                if (given.get(i).isEmpty()) {
                    return null;
                }
                parameters.put(segment.substring(1, segment.length() - 1), decode(given.get(i)));
            } else if (!segment.equals(given.get(i))) {
                return null;
            }
        }
        return wanted.size() == given.size() ? parameters : null;
    }

    private static List<String> segmentsOf(String path) {
        return List.of((path.startsWith("/") ? path.substring(1) : path).split("/", -1));
    }

    static String decode(String segment) {
        return URLDecoder.decode(segment.replace("+", "%2B"), StandardCharsets.UTF_8);
    }
}
