package dev.sandkeeper.testkit.simulator.internal;

/** What one provider's service does before and beside its routes. Safe from many threads. */
public interface Manners {
    /**
     * Chooses the routes that a request is looked up in.
     *
     * @param exchange a request that has no route yet
     * @return the routes
     */
    Router router(Exchange exchange);

    /**
     * Checks what must hold for every request of a route, such as credentials.
     *
     * @param exchange the request
     */
    default void check(Exchange exchange) {}

    /**
     * Says no in the provider's own words.
     *
     * @param status the HTTP status
     * @param message what is wrong
     * @return the answer
     */
    Answer error(int status, String message);

    /**
     * Says no in the provider's own words, where they depend on what was asked for.
     *
     * @param exchange the request
     * @param status the HTTP status
     * @param message what is wrong
     * @return the answer
     */
    default Answer error(Exchange exchange, int status, String message) {
        return error(status, message);
    }

    /**
     * Says that there were too many requests.
     *
     * @param exchange the request
     * @param seconds after which the client may try again; 0 for not to tell
     * @return the answer
     */
    default Answer rateLimited(Exchange exchange, long seconds) {
        Answer answer = error(exchange, 429, "Rate limit exceeded");
        return seconds == 0 ? answer : answer.header("Retry-After", Long.toString(seconds));
    }

    /**
     * What is answered where no route fits.
     *
     * @param exchange the request
     * @param methods those that the path knows, separated by commas; empty if the path is unknown
     * @return the answer
     */
    default Answer noRoute(Exchange exchange, String methods) {
        return methods.isEmpty()
                ? error(404, "not found")
                : error(405, "method not allowed").header("Allow", methods);
    }

    /**
     * Lets the sandbox die that a request is about, with all that runs in it. Does nothing if it is about none.
     *
     * @param exchange the request
     */
    default void lose(Exchange exchange) {}
}
