package dev.sandkeeper.http;

import dev.sandkeeper.SandboxException;

/**
 * The one place of a backend where what its provider answers becomes what an application sees. Stateless or safe from many
 * threads.
 */
@FunctionalInterface
public interface ErrorMapper {
    /**
     * Says what an answer means that is none of success.
     *
     * <p>{@link SandboxException#retryable()} of what it answers decides whether a call that is safe to repeat is repeated
     * after a 5xx. A {@link dev.sandkeeper.BackendUnavailableException} for a status of 500 or more counts against the
     * provider: enough of them and the client stops asking for a while.
     *
     * @param failure the answer
     * @return the exception to throw; {@link ProviderFailure#usual(String)} has one for every status
     */
    SandboxException map(ProviderFailure failure);
}
