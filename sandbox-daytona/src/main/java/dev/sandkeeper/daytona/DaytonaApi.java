package dev.sandkeeper.daytona;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.http.Answer;
import dev.sandkeeper.http.Json;
import dev.sandkeeper.http.ProviderCall;
import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.http.UrlPaths;
import dev.sandkeeper.internal.Deadline;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/** Daytona's control plane. Safe from many threads. */
final class DaytonaApi {
    private static final int PAGE = 200;

    private final ProviderClient client;
    private final HttpUrl base;
    private final Duration callTimeout;
    private final Duration toolboxTimeout;
    private final Deadline deadline;

    DaytonaApi(ProviderClient client, HttpUrl base, Duration callTimeout, Duration toolboxTimeout) {
        this(client, base, callTimeout, toolboxTimeout, Deadline.never());
    }

    private DaytonaApi(
            ProviderClient client, HttpUrl base, Duration callTimeout, Duration toolboxTimeout, Deadline deadline) {
        this.client = client;
        this.base = base;
        this.callTimeout = callTimeout;
        this.toolboxTimeout = toolboxTimeout;
        this.deadline = deadline;
    }

    /** The same, none of whose calls lasts longer than that. */
    DaytonaApi until(Deadline end) {
        return new DaytonaApi(client, base, callTimeout, toolboxTimeout, end);
    }

    /** As long as a call may take that may take so long. */
    Duration bound(Duration time) {
        Duration left = deadline.time();
        return left.compareTo(time) > 0 ? time : left.isZero() ? Duration.ofMillis(1) : left;
    }

    /** How long a call to a sandbox's daemon may take that does something at once. */
    Duration toolboxTimeout() {
        return toolboxTimeout;
    }

    ProviderClient client() {
        return client;
    }

    private ProviderCall call(String method, String what, String... path) {
        return client.call(method, what, UrlPaths.below(base, path).build()).within(bound(callTimeout));
    }

    /** One sandbox, by id or by name; nothing if it is gone. */
    Optional<Wire.Sandbox> find(String idOrName) {
        Answer answer = call("GET", "look at sandbox " + idOrName, "sandbox", idOrName)
                .repeatable()
                .accept(404)
                .send();
        if (answer.status() != 404) {
            return Optional.of(sandbox(answer));
        }
        requireApi();
        return Optional.empty();
    }

    /** That there is no sandbox is believed of an address where there is Daytona; else this throws. */
    private void requireApi() {
        if (!client.hasSucceeded()) {
            list(Map.of(), null, 1);
        }
    }

    /** Makes one. It may hold the request for 30 seconds, and even then not say that the sandbox has started. */
    Wire.Sandbox create(Wire.NewSandbox wanted) {
        return sandbox(call("POST", "create sandbox " + wanted.name(), "sandbox")
                .json(wanted)
                .errors(DaytonaErrors::ofNoSandbox)
                .send());
    }

    /** Asks for the end; false if there is none. It is repeatable because a destroyed one stays destroyed. */
    boolean delete(String id) {
        Answer answer = call("DELETE", "destroy sandbox " + id, "sandbox", id)
                .repeatable()
                .accept(404)
                .send();
        if (answer.status() != 404) {
            return true;
        }
        requireApi();
        return false;
    }

    /** One page of those that have all these labels. */
    Wire.Page list(Map<String, String> labels, @Nullable String cursor, int limit) {
        HttpUrl.Builder url =
                UrlPaths.below(base, "sandbox").addQueryParameter("limit", Integer.toString(Math.min(limit, PAGE)));
        if (!labels.isEmpty()) {
            url.addQueryParameter("labels", new String(Json.bytes(labels), StandardCharsets.UTF_8));
        }
        if (cursor != null) {
            url.addQueryParameter("cursor", cursor);
        }
        return client.call("GET", "list sandboxes", url.build())
                .errors(DaytonaErrors::ofNoSandbox)
                .within(bound(callTimeout))
                .repeatable()
                .send()
                .json(new TypeReference<Wire.Page>() {});
    }

    /** Starts to make a snapshot: its state tells what comes of it. */
    void snapshot(String id, String name) {
        Answer answer = call("POST", "make snapshot " + name, "sandbox", id, "snapshot")
                .json(new Wire.NewSnapshot(name))
                .accept(404)
                .send();
        if (answer.status() == 404) {
            throw gone(id, "Daytona does not have it");
        }
    }

    /** One snapshot; nothing if there is none. */
    Optional<Wire.Snapshot> findSnapshot(String idOrName) {
        Answer answer = call("GET", "look at snapshot " + idOrName, "snapshots", idOrName)
                .repeatable()
                .accept(404)
                .send();
        return answer.status() == 404 ? Optional.empty() : Optional.of(answer.json(Wire.Snapshot.class));
    }

    /** One page, from 1 on, of those whose names have this part, by name. */
    Wire.SnapshotPage snapshots(String part, int page) {
        HttpUrl url = UrlPaths.below(base, "snapshots")
                .addQueryParameter("name", part)
                .addQueryParameter("page", Integer.toString(page))
                .addQueryParameter("limit", Integer.toString(PAGE))
                .addQueryParameter("sort", "name")
                .addQueryParameter("order", "asc")
                .build();
        return client.call("GET", "list snapshots", url)
                .errors(DaytonaErrors::ofNoSandbox)
                .within(bound(callTimeout))
                .repeatable()
                .send()
                .json(Wire.SnapshotPage.class);
    }

    /** Asks for its end. Does nothing if there is none. */
    void deleteSnapshot(String id) {
        call("DELETE", "delete snapshot " + id, "snapshots", id)
                .repeatable()
                .accept(404)
                .send();
    }

    /** Sets the end at the provider, in minutes from now. */
    Wire.Sandbox timeToLive(String id, long minutes) {
        return change(id, "ttl", minutes);
    }

    /** Sets after how many minutes without activity it stops. */
    Wire.Sandbox autoStop(String id, long minutes) {
        return change(id, "autostop", minutes);
    }

    private Wire.Sandbox change(String id, String what, long minutes) {
        Answer answer = call("POST", "set " + what + " of sandbox " + id, "sandbox", id, what, Long.toString(minutes))
                .repeatable()
                .accept(404)
                .send();
        if (answer.status() == 404) {
            throw gone(id, "Daytona does not have it");
        }
        return sandbox(answer);
    }

    /** Tells that it is in use. */
    void activity(String id) {
        call("POST", "keep sandbox " + id + " from stopping", "sandbox", id, "last-activity")
                .repeatable()
                .accept(404)
                .send();
    }

    /** Where the daemon of a sandbox is reached. */
    HttpUrl toolbox(Wire.Sandbox sandbox) {
        String url = sandbox.toolboxProxyUrl();
        if (url == null) {
            url = call("GET", "find sandbox " + sandbox.id(), "sandbox", sandbox.idOrFail(), "toolbox-proxy-url")
                    .repeatable()
                    .send()
                    .json(Wire.ToolboxUrl.class)
                    .url();
        }
        HttpUrl parsed = url == null ? null : HttpUrl.parse(url);
        if (parsed == null) {
            throw new dev.sandkeeper.BackendUnavailableException(client.failure(
                    "answer_unreadable", "Daytona did not say where the daemon of sandbox " + sandbox.id() + " is"));
        }
        // a slash at the end would become an empty segment
        return parsed.newBuilder()
                .encodedPath(parsed.encodedPath().replaceAll("/+$", "") + "/")
                .build()
                .newBuilder()
                .addPathSegment(sandbox.idOrFail())
                .build();
    }

    Wire.Preview preview(String id, int port) {
        Answer answer = call(
                        "GET",
                        "find port " + port + " of sandbox " + id,
                        "sandbox",
                        id,
                        "ports",
                        Integer.toString(port),
                        "preview-url")
                .repeatable()
                .accept(404)
                .send();
        if (answer.status() == 404) {
            throw gone(id, "Daytona does not have it");
        }
        return answer.json(Wire.Preview.class);
    }

    SandboxGoneException gone(String id, String reason) {
        return new SandboxGoneException(
                null, reason, failure("sandbox_gone", "sandbox " + id + " takes no commands any more: " + reason));
    }

    Failure failure(String code, String message) {
        return client.failure(code, message);
    }

    private static Wire.Sandbox sandbox(Answer answer) {
        Wire.Sandbox sandbox = answer.json(Wire.Sandbox.class);
        if (sandbox.id() == null || sandbox.id().isEmpty()) {
            throw answer.unreadable("a sandbox without an id");
        }
        return sandbox;
    }
}
