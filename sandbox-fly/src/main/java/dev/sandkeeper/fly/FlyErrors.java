package dev.sandkeeper.fly;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.QuotaExceededException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.http.ErrorMapper;
import dev.sandkeeper.http.ProviderFailure;
import java.util.List;
import java.util.Locale;

/**
 * What Fly's refusals mean. It has no contract of errors: first its status codes are looked at, then phrases that were seen, then
 * the HTTP status alone.
 */
final class FlyErrors implements ErrorMapper {
    static final String NO_CAPACITY = "no_capacity";
    static final String RATE_LIMITED = "rate_limited";
    static final String NOT_RUNNING = "machine_not_running";
    static final String NAME_IN_USE = "machine_name_in_use";
    static final String APP_NAME_TAKEN = "app_name_taken";

    private static final List<String> NO_ROOM = List.of(
            "could not reserve resource",
            "insufficient resources",
            "insufficient memory",
            "no capacity",
            "could not find a candidate host",
            "deploys to this host are temporarily disabled",
            "governor policy blocked",
            "over the allowed quota");

    private static final List<String> ACCOUNT =
            List.of("reached its machine limit", "add a payment method", "trial has ended");

    @Override
    public SandboxException map(ProviderFailure failure) {
        JsonNode json = failure.json();
        String code = json.path("status").asText("");
        String text = text(failure, json);
        String words = text.toLowerCase(Locale.ROOT);
        if (code.equals("insufficient_capacity")
                || code.equals("volume_placement_capacity")
                || NO_ROOM.stream().anyMatch(words::contains)) {
            return new BackendUnavailableException(
                    failure.failure(NO_CAPACITY, text).remedy("Name more regions, or try again later"));
        }
        if (ACCOUNT.stream().anyMatch(words::contains)) {
            return new QuotaExceededException(failure.failure("account_limit", text)
                    .remedy("Destroy Machines that are not needed, or have Fly raise the limit"));
        }
        if (code.equals("name_taken") || words.contains("uniqueness constraint violated")) {
            return new BackendRejectedException(
                    failure.failure(APP_NAME_TAKEN, text).remedy("Choose another name"));
        }
        return byStatus(failure, text, words);
    }

    private static SandboxException byStatus(ProviderFailure failure, String text, String words) {
        return switch (failure.status()) {
            case 401 ->
                new BackendRejectedException(failure.failure("credentials_rejected", text)
                        .remedy("Check FLY_API_TOKEN: it may have expired, or be of another organization"));
            case 404 -> notFound(failure, text, words);
            case 408 ->
                failure.repeatable()
                        ? new BackendUnavailableException(
                                failure.failure("provider_timeout", text).remedy("Try again later"))
                        : new OutcomeUnknownException(failure.failure("outcome_unknown", text));
            case 409 ->
                words.contains("unique machine name violation")
                        ? new BackendRejectedException(failure.failure(NAME_IN_USE, text))
                        : new BackendUnavailableException(failure.failure("machine_busy", text)
                                .remedy("Somebody else changes the Machine, or holds a lease on it: try again later"));
            case 412 ->
                new BackendUnavailableException(
                        failure.failure(words.contains("machine not running") ? NOT_RUNNING : "machine_state", text)
                                .remedy("Try again when the Machine has come to rest"));
            default -> failure.usual(text);
        };
    }

    /**
     * The same of a call to a Machine: an app that belongs to one sandbox goes with it, where the absence of the app for all is
     * a mistake of whoever has set it.
     */
    static ErrorMapper of(MachineRef machine) {
        FlyErrors errors = new FlyErrors();
        if (AppName.of(machine.app()).isEmpty()) {
            return errors;
        }
        return failure -> failure.status() == 404
                ? new SandboxGoneException(null, null, failure.failure("sandbox_gone", text(failure, failure.json())))
                : errors.map(failure);
    }

    /** The same of a call that names no Machine, of which none can be gone: it is a setting that is wrong. */
    static ErrorMapper ofNoMachine() {
        FlyErrors errors = new FlyErrors();
        return failure -> {
            SandboxException fault = errors.map(failure);
            return fault instanceof SandboxGoneException ? settingWrong(failure) : fault;
        };
    }

    private static BackendRejectedException settingWrong(ProviderFailure failure) {
        String text = text(failure, failure.json());
        return text.toLowerCase(Locale.ROOT).contains("organization")
                ? new BackendRejectedException(failure.failure("organization_not_found", text)
                        .remedy("Check organization of the backend's builder, or FLY_ORG, and that the token is of it"))
                : noApi(failure.failure("api_not_found", text));
    }

    /** Whether a 404 says, as Fly does, what there is not. */
    static boolean isOfFly(String body) {
        return body.contains("machine not found") || body.contains("app not found");
    }

    /** There is nothing at the address, or something else. */
    static BackendRejectedException noApi(Failure failure) {
        return new BackendRejectedException(failure.remedy(
                "Check url of the backend's builder, or FLY_FLAPS_BASE_URL: there is no Machines API at this address"));
    }

    private static SandboxException notFound(ProviderFailure failure, String text, String words) {
        if (words.contains("app not found") || words.contains("could not find app")) {
            return new BackendRejectedException(failure.failure("app_not_found", text)
                    .remedy("Check FLY_APP, or name the organization in which it may be made: FLY_ORG"));
        }
        return new SandboxGoneException(null, null, failure.failure("sandbox_gone", text));
    }

    /** Some answers have a message in place of an error, and a proxy answers whatever it likes. */
    private static String text(ProviderFailure failure, JsonNode json) {
        String text = json.path("message").asText(json.path("error").asText(""));
        if (text.isEmpty()) {
            text = failure.body();
        }
        return text.length() > 500 ? text.substring(0, 500) : text;
    }
}
