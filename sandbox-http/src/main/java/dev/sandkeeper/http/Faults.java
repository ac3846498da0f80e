package dev.sandkeeper.http;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import javax.net.ssl.SSLException;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/** What it means that no answer came, or only part of one. */
final class Faults {
    private final String backend;

    Faults(String backend) {
        this.backend = backend;
    }

    Failure failure(String code, String message) {
        return Failure.of(code, message).backend(backend);
    }

    /** The flag is set when this returns. */
    SandboxInterruptedException interrupted(String what, @Nullable Throwable cause) {
        Thread.currentThread().interrupt();
        return new SandboxInterruptedException(
                failure("interrupted", "interrupted while trying to " + what).cause(cause));
    }

    BackendUnavailableException closed() {
        return new BackendUnavailableException(
                failure("backend_closed", "the backend is closed").remedy("Use it before its manager is closed"));
    }

    BackendUnavailableException busy(String what, int most, String kind) {
        return new BackendUnavailableException(failure(
                        "too_many_calls",
                        "could not " + what + ": " + most + " " + kind + " are on their way, and none ended in time")
                .remedy("Do less at a time, or allow the backend more"));
    }

    BackendUnavailableException spared(String what, Duration pause) {
        return new BackendUnavailableException(failure(
                        "provider_failing",
                        "could not " + what + ": the provider has failed too often and is not asked for now")
                .remedy("Try again in " + Math.max(1, pause.toSeconds()) + " s"));
    }

    /** No answer, or an end before it was complete. */
    SandboxException lost(
            String what, HttpUrl url, Progress progress, boolean repeatable, Secrets secrets, IOException e) {
        Throwable cause = secrets.clean(e);
        if (!progress.sent()) {
            return unreachable(what, url, progress, cause, e);
        }
        String reason = secrets.mask(reason(progress, e));
        if (repeatable) {
            return new BackendUnavailableException(failure(
                            timedOut(progress, e) ? "provider_timeout" : "connection_lost",
                            "could not " + what + ": " + reason)
                    .remedy("Try again later")
                    .cause(cause));
        }
        return new OutcomeUnknownException(
                failure("outcome_unknown", "it is not known whether it was possible to " + what + ": " + reason)
                        .cause(cause));
    }

    private SandboxException unreachable(
            String what, HttpUrl url, Progress progress, @Nullable Throwable cause, IOException e) {
        String place = url.host() + ":" + url.port();
        if (e instanceof SSLException && progress.ended() == Progress.Ended.NOT) {
            return new BackendRejectedException(
                    failure("tls_failed", "could not " + what + ": no secure connection to " + place + ": " + words(e))
                            .remedy("Check the address, and the certificates that this JVM trusts")
                            .cause(cause));
        }
        String reason = e instanceof UnknownHostException
                ? "there is no host " + url.host()
                : progress.ended() != Progress.Ended.NOT ? "no connection in time" : words(e);
        return new BackendUnavailableException(
                failure("provider_unreachable", "could not " + what + ": " + place + " cannot be reached: " + reason)
                        .remedy("Check the network and the address of the provider")
                        .cause(cause));
    }

    private static boolean timedOut(Progress progress, IOException e) {
        return progress.ended() != Progress.Ended.NOT || e instanceof SocketTimeoutException;
    }

    private static String reason(Progress progress, IOException e) {
        if (timedOut(progress, e)) {
            return progress.answered() ? "the answer was not complete in time" : "no answer came in time";
        }
        return (progress.answered() ? "the answer was cut: " : "the connection was lost: ") + words(e);
    }

    private static String words(IOException e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }
}
