package dev.sandkeeper.e2b;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxNotFoundException;
import dev.sandkeeper.http.ErrorMapper;
import dev.sandkeeper.http.ProviderFailure;

/** What the daemon in a sandbox, and the proxy before it, mean by their errors. */
final class EnvdErrors implements ErrorMapper {
    /** The proxy says so of a sandbox that is paused, too: to be confirmed. */
    static final String PERHAPS_GONE = "sandbox_unreachable";

    @Override
    public SandboxException map(ProviderFailure failure) {
        String message = failure.json().path("message").asText(failure.body());
        int status = failure.status();
        if (status == 502 && message.contains("sandbox was not found")) {
            return new SandboxGoneException(null, null, failure.failure(PERHAPS_GONE, message));
        }
        if (status == 401 && failure.json().path("code").asText().equals("unauthenticated")) {
            return userUnknown(failure, message);
        }
        return switch (status) {
            case 404 -> new SandboxNotFoundException(failure.failure("process_not_found", message));
            case 400 -> new BackendRejectedException(failure.failure("provider_refused", message));
            case 507 ->
                new BackendRejectedException(
                        failure.failure("disk_full", message).remedy("Remove files"));
            case 409, 502 -> new BackendUnavailableException(failure.failure("sandbox_unreachable", message));
            default -> failure.usual(message);
        };
    }

    private static SandboxException userUnknown(ProviderFailure failure, String message) {
        return new CommandNotStartableException(
                failure.failure("user_unknown", message).remedy("Use a name that the template's /etc/passwd has"));
    }
}
