package dev.sandkeeper.docker;

import com.github.dockerjava.api.exception.DockerException;
import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SpecInvalidException;
import java.nio.file.AccessDeniedException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The one place where what an engine says becomes what an application sees. */
final class Faults {
    private final String backend;
    private final EngineAddress address;

    Faults(String backend, EngineAddress address) {
        this.backend = backend;
        this.address = address;
    }

    String backend() {
        return backend;
    }

    Failure failure(String code, String message) {
        return Failure.of(code, message).backend(backend);
    }

    /** The engine answered with an error that nothing more specific is known of. */
    SandboxException refused(String what, DockerException e) {
        return refused(what, e.getHttpStatus(), EngineMessages.of(String.valueOf(e.getMessage())));
    }

    SandboxException refused(String what, int status, String message) {
        String text = "could not " + what + ": the engine answered " + status + ": " + message;
        return status >= 500
                ? new BackendUnavailableException(failure("engine_failed", text).remedy("Look at the engine's log"))
                : new BackendRejectedException(failure("engine_refused", text));
    }

    BackendRejectedException rejected(String code, String message, String remedy) {
        return new BackendRejectedException(failure(code, message).remedy(remedy));
    }

    SpecInvalidException invalid(String field, String rule, String remedy) {
        return new SpecInvalidException(
                failure("spec_invalid", field + ": " + rule).remedy(remedy));
    }

    BackendUnavailableException unavailable(String code, String message, @Nullable Throwable cause) {
        return new BackendUnavailableException(failure(code, message).cause(cause));
    }

    /** No connection, or it broke. */
    SandboxException unreachable(String what, Throwable e) {
        String text = "could not " + what + " at " + address + ": " + deepest(e);
        String reason = deepest(e);
        if (address.socket() != null && (reason.contains("Permission denied") || e instanceof AccessDeniedException)) {
            return new BackendRejectedException(failure("engine_permission_denied", text)
                    .remedy(
                            "Run as a member of the group that owns the socket (often \"docker\"), or set DOCKER_HOST to"
                                    + " an engine that you may use")
                    .cause(e));
        }
        return new BackendUnavailableException(failure("engine_unreachable", text)
                .remedy("Start Docker, or set DOCKER_HOST or DOCKER_CONTEXT to an engine that runs")
                .cause(e));
    }

    BackendUnavailableException timeout(String what, Duration time) {
        return new BackendUnavailableException(failure(
                        "engine_timeout",
                        "could not " + what + ": the engine at " + address + " did not answer within " + time)
                .remedy("Look at the engine's load and log; DockerBackend.builder().callTimeout(...) allows more"));
    }

    /** Restores the flag. */
    SandboxInterruptedException interrupted(String what, InterruptedException e) {
        Thread.currentThread().interrupt();
        return new SandboxInterruptedException(
                failure("interrupted", "interrupted while trying to " + what).cause(e));
    }

    BackendUnavailableException closed(@Nullable Throwable cause) {
        return new BackendUnavailableException(failure("backend_closed", "the backend is closed")
                .remedy("Use it before its manager is closed")
                .cause(cause));
    }

    SandboxGoneException gone(String ref, String reason) {
        return new SandboxGoneException(
                null, reason, failure("sandbox_gone", "container " + ref + " takes no commands any more: " + reason));
    }

    BackendRejectedException certificates(Exception e) {
        return new BackendRejectedException(failure(
                        "engine_certificates_unreadable",
                        "the certificates in " + address.certificates() + " cannot be used: " + deepest(e))
                .remedy("The directory must hold ca.pem, cert.pem and key.pem")
                .cause(e));
    }

    BackendRejectedException notAnEngine() {
        return rejected(
                "not_an_engine",
                "what listens at " + address + " is no Docker engine",
                "Set DOCKER_HOST to the address of one");
    }

    BackendRejectedException tooOld(ApiVersion version) {
        return rejected(
                "engine_too_old",
                "the engine at " + address + " speaks API " + version + "; " + ApiVersion.OLDEST + " is needed",
                "Upgrade it to Docker 20.10 or newer");
    }

    private static String deepest(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null && cause.getCause() != cause) {
            cause = cause.getCause();
        }
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }
}
