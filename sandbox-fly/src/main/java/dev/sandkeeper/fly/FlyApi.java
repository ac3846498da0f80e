package dev.sandkeeper.fly;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.http.Answer;
import dev.sandkeeper.http.Json;
import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.http.UrlPaths;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/** The calls of the Machines API about Machines that this backend makes. Safe from many threads. */
final class FlyApi {
    /** The guest takes 16,384 bytes; of more it runs nothing and reports a success. */
    static final int LARGEST_EXEC = 15_000;

    /** What stands in the output of an exec that was too large to be run. */
    private static final String REJECTION = "Rejection([";

    private static final Duration EXEC = Duration.ofSeconds(20);
    private static final Duration SLACK = Duration.ofSeconds(10);
    private static final int LONGEST_WAIT = 60;
    private static final long LARGEST_ANSWER = 64L << 20;

    private final ProviderClient client;
    private final HttpUrl root;

    FlyApi(ProviderClient client, HttpUrl url) {
        this.client = client;
        this.root = UrlPaths.below(url, "v1").build();
    }

    ProviderClient client() {
        return client;
    }

    private HttpUrl.Builder machines(String app) {
        return UrlPaths.below(root, "apps", app, "machines");
    }

    private HttpUrl.Builder machine(MachineRef ref, String... more) {
        return UrlPaths.below(machines(ref.app()).addPathSegment(ref.id()).build(), more);
    }

    /** Asks for a Machine. Its name is unique, so that asking twice makes one. */
    MachineView create(String app, Map<String, Object> request) {
        Answer answer = client.call(
                        "POST", "create a Machine in app " + app, machines(app).build())
                .json(request)
                .errors(FlyErrors.ofNoMachine())
                .send();
        return view(answer);
    }

    private static MachineView view(Answer answer) {
        MachineView view = MachineView.of(answer.json());
        if (view.id().isEmpty()) {
            throw answer.unreadable("it names no Machine");
        }
        return view;
    }

    /** {@return the Machine, or nothing if there is none; a destroyed one may still be shown} */
    Optional<MachineView> find(MachineRef ref) {
        Answer answer = client.call(
                        "GET", "look at Machine " + ref, machine(ref).build())
                .repeatable()
                .accept(404)
                .send();
        if (answer.status() != 404) {
            return Optional.of(view(answer));
        }
        // of another address it may live all the same
        if (!client.hasSucceeded() && !FlyErrors.isOfFly(answer.text())) {
            throw FlyErrors.noApi(client.failure(
                    "api_not_found",
                    "could not look at Machine " + ref + ": the provider answered 404, and not as Fly does"));
        }
        return Optional.empty();
    }

    /**
     * Lists the Machines of an app. The list comes from a store that lags a little behind.
     *
     * @return nothing if there is no such app
     */
    Optional<List<MachineView>> list(String app) {
        return list(app, machines(app).build());
    }

    /**
     * Lists Machines by their metadata.
     *
     * @return nothing if there is no such app
     */
    Optional<List<MachineView>> list(String app, String key, String value) {
        HttpUrl where =
                machines(app).addQueryParameter("metadata." + key, value).build();
        // whatever the service makes of the filter
        return list(app, where)
                .map(views -> views.stream()
                        .filter(view -> value.equals(view.metadata().get(key)))
                        .toList());
    }

    private Optional<List<MachineView>> list(String app, HttpUrl where) {
        Answer answer = client.call("GET", "list Machines of app " + app, where)
                .repeatable()
                .accept(404)
                .answerAtMost(LARGEST_ANSWER)
                .send();
        if (answer.status() == 404) {
            return Optional.empty();
        }
        JsonNode json = answer.json();
        if (!json.isArray()) {
            throw answer.unreadable("it is no list");
        }
        List<MachineView> views = new ArrayList<>();
        json.forEach(each -> views.add(MachineView.of(each)));
        return Optional.of(views);
    }

    /**
     * Waits until a Machine is in a state, for a minute at most.
     *
     * @param version which one of it; null for any
     * @return whether it is
     */
    boolean await(MachineRef ref, String state, @Nullable String version, Duration patience) {
        long seconds = Math.max(1, Math.min(LONGEST_WAIT, patience.toSeconds()));
        HttpUrl.Builder where = machine(ref, "wait")
                .addQueryParameter("state", state)
                .addQueryParameter("timeout", Long.toString(seconds));
        if (version != null && !version.isEmpty()) {
            where.addQueryParameter("version", version);
        }
        Answer answer = client.call("GET", "wait for Machine " + ref, where.build())
                .repeatable()
                .accept(404, 408)
                .headWithin(Duration.ofSeconds(seconds).plus(SLACK))
                .within(Duration.ofSeconds(seconds).plus(SLACK))
                .send();
        return answer.status() / 100 == 2 || (answer.status() == 404 && state.equals("destroyed"));
    }

    /** Asks for the end of a Machine, whatever it does. */
    void destroy(MachineRef ref) {
        client.call(
                        "DELETE",
                        "destroy Machine " + ref,
                        machine(ref).addQueryParameter("force", "true").build())
                .repeatable()
                .accept(404)
                .send();
    }

    /** How an exec ended. */
    record Ran(int exitCode, int signal, String stdout, String stderr) {}

    /**
     * Runs a short command.
     *
     * @param stdin what it reads; nothing must follow from its end
     * @throws BackendUnavailableException also if it did not run at all
     * @throws dev.sandkeeper.OutcomeUnknownException also if it did not end in time
     */
    Ran exec(MachineRef ref, List<String> command, String stdin) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("command", command);
        body.put("timeout", EXEC.toSeconds());
        if (!stdin.isEmpty()) {
            body.put("stdin", stdin);
        }
        int size = Json.bytes(body).length;
        if (size > LARGEST_EXEC) {
            throw new IllegalArgumentException("an exec of " + size + " bytes");
        }
        Answer answer = client.call(
                        "POST",
                        "execute in Machine " + ref,
                        machine(ref, "exec").build())
                .json(body)
                .errors(FlyErrors.of(ref))
                .within(EXEC.plus(SLACK))
                .answerAtMost(LARGEST_ANSWER)
                .send();
        JsonNode json = answer.json();
        Ran ran = new Ran(
                json.path("exit_code").asInt(0),
                json.path("exit_signal").asInt(0),
                json.path("stdout").asText(""),
                json.path("stderr").asText(""));
        if (ran.stdout().contains(REJECTION) || ran.stderr().contains(REJECTION)) {
            throw new BackendUnavailableException(client.failure(
                    "exec_rejected", "the guest of Machine " + ref + " has refused an exec of " + size + " bytes"));
        }
        return ran;
    }
}
