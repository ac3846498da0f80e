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
        String message = failure.json().path("message").asText(failure.body());
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
                                .remedy("Name a template of your team or a public one, such as base"))
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

    /** Only that comes upon the limit of sandboxes at a time, of which no waiting is asked. */
    private static boolean startsASandbox(ProviderFailure failure) {
        return failure.request().startsWith("POST ")
                && (failure.request().endsWith("/sandboxes")
                        || failure.request().endsWith("/connect"));
    }
}
