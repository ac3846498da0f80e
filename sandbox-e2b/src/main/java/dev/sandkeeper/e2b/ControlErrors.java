package dev.sandkeeper.e2b;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.QuotaExceededException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.http.ErrorMapper;
import dev.sandkeeper.http.ProviderFailure;

/** What E2B's control plane means by its errors. */
final class ControlErrors implements ErrorMapper {
    @Override
    public SandboxException map(ProviderFailure failure) {
        String message = message(failure);
        return switch (failure.status()) {
            case 400 ->
                message.startsWith("Timeout cannot be greater") || message.contains("Max instance length exceeded")
                        ? new QuotaExceededException(failure.failure("plan_time_limit", message)
                                .remedy(
                                        "Set longestRun of the backend's builder to what your plan allows: 1 hour on Hobby, 24"
                                                + " hours on Pro"))
                        : new BackendRejectedException(failure.failure("provider_refused", message));
            case 404 ->
                message.contains("template")
                        ? new BackendRejectedException(failure.failure("image_not_found", message)
                                .remedy(
                                        "Name a template of your team or a public one, such as base, as the spec's image or by"
                                                + " template(...) of the backend's builder"))
                        : new SandboxGoneException(null, null, failure.failure("sandbox_gone", message));
            case 429 ->
                failure.retryAfter() == null && startsASandbox(failure)
                        ? new QuotaExceededException(failure.failure("plan_concurrency_limit", message)
                                .remedy("Destroy or pause sandboxes, or raise the plan's limit of sandboxes at a time"))
                        : failure.usual(message);
            case 503 ->
                new BackendUnavailableException(failure.failure("no_capacity", message)
                        .remedy("Try again shortly; E2B had no room for the sandbox"));
            default -> failure.usual(message);
        };
    }

    /** The same of a call that names no sandbox, of which none can be gone: it is the address that is wrong. */
    static ErrorMapper ofNoSandbox() {
        ControlErrors errors = new ControlErrors();
        return failure -> {
            SandboxException fault = errors.map(failure);
            return fault instanceof SandboxGoneException
                    ? new BackendRejectedException(failure.failure("api_not_found", message(failure))
                            .remedy("Check apiUrl, or domain, of the backend's builder, or E2B_API_URL and E2B_DOMAIN:"
                                    + " there is no E2B at this address"))
                    : fault;
        };
    }

    private static String message(ProviderFailure failure) {
        return failure.json().path("message").asText(failure.body());
    }

    /** Only that comes upon the limit of sandboxes at a time, of which no waiting is asked. */
    private static boolean startsASandbox(ProviderFailure failure) {
        return failure.request().startsWith("POST ")
                && (failure.request().endsWith("/sandboxes")
                        || failure.request().endsWith("/connect"));
    }
}
