package dev.sandkeeper.daytona;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.QuotaExceededException;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxNotFoundException;
import dev.sandkeeper.http.ProviderFailure;
import java.util.List;
import java.util.Locale;

/** The one place where what Daytona answers becomes what an application sees. */
final class DaytonaErrors {
    /** A transition goes on, or another one has won: the same request may work in a moment. */
    static final String BUSY = "sandbox_busy";
    /** The daemon of a sandbox cannot be reached, which says little until the sandbox itself has been looked at. */
    static final String TOOLBOX = "toolbox_unreachable";
    /** The proxy does not take the key for this sandbox: there is none, or it errs. */
    static final String REFUSED = "toolbox_refused";

    /** Daytona has no code for a quota, only words. */
    private static final List<String> QUOTA = List.of("limit exceeded", "exceeds maximum allowed", "quota");

    private static final List<String> TRANSITION =
            List.of("state change in progress", "was modified by another operation");

    private DaytonaErrors() {}

    /** What the control plane answers. */
    static SandboxException control(ProviderFailure failure) {
        String message = message(failure);
        String lower = message.toLowerCase(Locale.ROOT);
        if ((failure.status() == 400 || failure.status() == 403)
                && QUOTA.stream().anyMatch(lower::contains)) {
            return new QuotaExceededException(failure.failure("provider_quota", message)
                    .remedy("Destroy sandboxes, ask for less, or raise the organisation's limits at Daytona"));
        }
        // before 2026-04 a transition was a 400
        boolean transition = TRANSITION.stream().anyMatch(lower::contains);
        if (transition && (failure.status() == 409 || failure.status() == 400)) {
            return new SandboxConflictException(failure.failure(BUSY, message));
        }
        if ((failure.status() == 404 || failure.status() == 400) && lower.startsWith("volume ")) {
            return new BackendRejectedException(
                    failure.failure("volume_unusable", message)
                            .remedy(
                                    "Make it at Daytona and wait until it is ready, or change volume(...) of the backend's builder"));
        }
        if (failure.status() == 400 && lower.startsWith("snapshot ") && lower.contains("not found")) {
            return new BackendRejectedException(
                    failure.failure("image_not_found", message)
                            .remedy(
                                    "Name a snapshot of the organisation as the spec's image, or by snapshot(...) of the backend's builder"));
        }
        if (failure.status() == 403 && lower.contains("suspended")) {
            return new BackendRejectedException(failure.failure("organization_suspended", message)
                    .remedy("See the organisation's billing page at Daytona"));
        }
        return failure.usual(message);
    }

    /** The same of a call that names no sandbox, of which none can be missing: it is a setting that is wrong. */
    static SandboxException ofNoSandbox(ProviderFailure failure) {
        SandboxException fault = control(failure);
        if (!(fault instanceof SandboxNotFoundException)) {
            return fault;
        }
        String message = message(failure);
        return message.toLowerCase(Locale.ROOT).startsWith("region")
                ? new BackendRejectedException(failure.failure("target_not_found", message)
                        .remedy("Check target of the backend's builder, or DAYTONA_TARGET"))
                : new BackendRejectedException(failure.failure("api_not_found", message)
                        .remedy("Check apiUrl of the backend's builder, or DAYTONA_API_URL: there is no Daytona at this"
                                + " address, which ends in /api as a rule"));
    }

    /**
     * What the daemon of a sandbox answers, or the proxy before it. A sandbox that is destroyed is a 401 there, a stopped one a
     * 400, an archived one a 404 and a dying one a 502 without a body.
     */
    static SandboxException toolbox(ProviderFailure failure) {
        String message = message(failure);
        String lower = message.toLowerCase(Locale.ROOT);
        if (failure.status() == 401) {
            return new BackendUnavailableException(
                    failure.failure(REFUSED, message).remedy("Check the API key; if it is right, try again later"));
        }
        boolean proxy = failure.status() == 502
                || lower.contains("failed to resolve container ip")
                || lower.contains("failed to get runner info")
                || lower.contains("sandbox container not found");
        return proxy
                ? new BackendUnavailableException(
                        failure.failure(TOOLBOX, message).remedy("Try again later"))
                : failure.usual(message);
    }

    private static String message(ProviderFailure failure) {
        JsonNode json = failure.json();
        for (String field : List.of("message", "error")) {
            if (json.path(field).isTextual()) {
                return json.path(field).asText();
            }
        }
        return failure.body().length() > 500 ? failure.body().substring(0, 500) : failure.body();
    }
}
