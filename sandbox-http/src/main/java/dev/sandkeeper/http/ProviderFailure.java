package dev.sandkeeper.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxNotFoundException;
import java.time.Duration;
import okhttp3.Headers;
import org.jspecify.annotations.Nullable;

/** An answer of a provider that is none of success, its secrets masked. Immutable. */
public final class ProviderFailure {
    private final String backend;
    private final String what;
    private final String request;
    private final int status;
    private final Headers headers;
    private final String body;
    private final @Nullable String requestId;
    private final @Nullable Duration retryAfter;
    private final boolean repeatable;

    ProviderFailure(
            String backend,
            String what,
            String request,
            int status,
            Headers headers,
            String body,
            @Nullable String requestId,
            @Nullable Duration retryAfter,
            boolean repeatable) {
        this.backend = backend;
        this.what = what;
        this.request = request;
        this.status = status;
        this.headers = headers;
        this.body = body;
        this.requestId = requestId;
        this.retryAfter = retryAfter;
        this.repeatable = repeatable;
    }

    /** {@return what was tried, in words that follow "could not"} */
    public String what() {
        return what;
    }

    /** {@return method and path} */
    public String request() {
        return request;
    }

    /** {@return the HTTP status} */
    public int status() {
        return status;
    }

    /** {@return the headers of the answer} */
    public Headers headers() {
        return headers;
    }

    /** {@return at most 64 KiB of the body} */
    public String body() {
        return body;
    }

    /** {@return the body as JSON, or a missing node if it is none} */
    public JsonNode json() {
        JsonNode json = Json.treeOrNull(body);
        return json == null ? MissingNode.getInstance() : json;
    }

    /** {@return the provider's name for this request, or null if it gave none} */
    public @Nullable String requestId() {
        return requestId;
    }

    /** {@return how long the provider asks to wait, or null if it does not} */
    public @Nullable Duration retryAfter() {
        return retryAfter;
    }

    /** {@return whether the call had been declared safe to repeat} */
    public boolean repeatable() {
        return repeatable;
    }

    /**
     * Whether the provider may have done what it was asked in spite of this answer: anything but a 501 or 503 of 500 and
     * above, unless repeating does no harm.
     *
     * @return true if that is not known
     */
    public boolean maybeDone() {
        return !repeatable && status >= 500 && status != 501 && status != 503;
    }

    /**
     * Starts an exception's words.
     *
     * @param code for programs
     * @param message what the provider says, in its words or in ours
     * @return a failure that names the backend, what was tried, the status and the request's id
     */
    public Failure failure(String code, String message) {
        // a full stop follows when there is a remedy
        String words = message.strip().replaceFirst("[.]+$", "");
        return Failure.of(
                        code,
                        "could not " + what + ": the provider answered " + status + (words.isEmpty() ? "" : ": ")
                                + words + (requestId == null ? "" : " (request " + requestId + ")"))
                .backend(backend);
    }

    /**
     * What is right for a status of which nothing more specific is known.
     *
     * @param message what the provider says
     * @return the exception
     */
    public SandboxException usual(String message) {
        return switch (status) {
            case 401, 403 ->
                new BackendRejectedException(failure("credentials_rejected", message)
                        .remedy("Check the API key and what it is allowed to do"));
            case 404 -> new SandboxNotFoundException(failure("not_found", message));
            case 409 -> new SandboxConflictException(failure("provider_conflict", message));
            case 429 ->
                new BackendUnavailableException(failure("rate_limited", message)
                        .remedy(
                                retryAfter == null
                                        ? "Try again later"
                                        : "Try again in " + retryAfter.toSeconds() + " s"));
            default -> {
                if (maybeDone()) {
                    yield new OutcomeUnknownException(failure("outcome_unknown", message));
                }
                yield status >= 500 || status == 408
                        ? new BackendUnavailableException(failure("provider_failed", message)
                                .remedy("Try again later; the provider's status page may tell more"))
                        : new BackendRejectedException(failure("provider_refused", message));
            }
        };
    }

    @Override
    public String toString() {
        return request + " -> " + status;
    }
}
