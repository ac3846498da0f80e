package dev.sandkeeper.e2b;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.http.Answer;
import dev.sandkeeper.http.ProviderCall;
import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.spi.ProviderState;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/** E2B's control plane. Safe from many threads. */
final class Api {
    private static final int PAGE = 100;
    private static final String NEXT = "X-Next-Token";
    private static final TypeReference<List<Wire.Sandbox>> SANDBOXES = new TypeReference<>() {};
    private static final TypeReference<List<Wire.Snapshot>> SNAPSHOTS = new TypeReference<>() {};
    private static final TypeReference<List<Wire.Metric>> METRICS = new TypeReference<>() {};

    private static final Map<String, String> NOBODY = Map.of("sandkeeper", "none");

    private final ProviderClient client;
    private final HttpUrl base;

    Api(ProviderClient client, HttpUrl base) {
        this.client = client;
        this.base = base;
    }

    private HttpUrl.Builder url(String path) {
        return base.newBuilder().addPathSegments(path);
    }

    private ProviderCall call(String method, String what, String ref, String rest) {
        HttpUrl.Builder url = base.newBuilder().addPathSegment("sandboxes").addPathSegment(ref);
        return client.call(method, what + " " + ref, (rest.isEmpty() ? url : url.addPathSegment(rest)).build());
    }

    /** Not to be repeated: nothing at E2B keeps a second one from being made. */
    Wire.Sandbox create(Wire.NewSandbox wanted) {
        Answer answer = client.call("POST", "create a sandbox", url("sandboxes").build())
                .json(wanted)
                .errors(ControlErrors.ofNoSandbox())
                .within(Duration.ofSeconds(90))
                .headWithin(Duration.ofSeconds(85)) // the edge gives up after 80
                .send();
        Wire.Sandbox made = answer.json(Wire.Sandbox.class);
        if (made.sandboxID() == null) {
            throw answer.unreadable("it has no sandboxID");
        }
        return made;
    }

    /** Nothing if there is none. */
    Optional<Wire.Sandbox> get(String ref) {
        Answer answer =
                call("GET", "look at sandbox", ref, "").repeatable().accept(404).send();
        if (answer.status() != 404) {
            return Optional.of(answer.json(Wire.Sandbox.class));
        }
        if (!client.hasSucceeded()) {
            // which throws where there is no such API
            list(NOBODY);
        }
        return Optional.empty();
    }

    /** Running or paused. */
    List<Wire.Sandbox> list(Map<String, String> metadata) {
        String filter = metadata.entrySet().stream()
                .map(e -> e.getKey() + "=" + e.getValue())
                .collect(Collectors.joining("&"));
        HttpUrl url = url("v2/sandboxes")
                .addQueryParameter("metadata", filter)
                .addQueryParameter("state", "running,paused")
                .build();
        return pages("list sandboxes", url, SANDBOXES);
    }

    /** All of the team. */
    List<Wire.Snapshot> snapshots() {
        return pages("list snapshots", url("snapshots").build(), SNAPSHOTS);
    }

    private <T> List<T> pages(String what, HttpUrl list, TypeReference<List<T>> type) {
        List<T> all = new ArrayList<>();
        @Nullable String next = null;
        do {
            HttpUrl.Builder url = list.newBuilder().addQueryParameter("limit", Integer.toString(PAGE));
            if (next != null) {
                url.addQueryParameter("nextToken", next);
            }
            Answer answer = client.call("GET", what, url.build())
                    .errors(ControlErrors.ofNoSandbox())
                    .repeatable()
                    .send();
            all.addAll(answer.json(type));
            next = answer.header(NEXT).filter(token -> !token.isEmpty()).orElse(null);
        } while (next != null);
        return all;
    }

    /** Not to be repeated: a second one would take the place of the first. Answers the snapshot's ID. */
    String snapshot(String ref, String name) {
        Answer answer = call("POST", "make a snapshot of sandbox", ref, "snapshots")
                .json(new Wire.NewSnapshot(name))
                .within(Duration.ofSeconds(90))
                .headWithin(Duration.ofSeconds(85))
                .send();
        String id = answer.json(Wire.Snapshot.class).snapshotID();
        if (id == null || id.isEmpty()) {
            throw answer.unreadable("it has no snapshotID");
        }
        return id;
    }

    /** Does nothing if there is none. */
    void deleteSnapshot(String id) {
        // E2B looks for the route in the path as it is sent
        HttpUrl url = url("templates")
                .addEncodedPathSegment(URLEncoder.encode(id, StandardCharsets.UTF_8))
                .build();
        client.call("DELETE", "delete snapshot " + id, url)
                .repeatable()
                .accept(404)
                .send();
    }

    /** Does nothing if there is none. */
    void kill(String ref) {
        call("DELETE", "destroy sandbox", ref, "").repeatable().accept(404).send();
    }

    /** Sets the end, earlier or later, of one that runs. */
    void timeout(String ref, int seconds) {
        call("POST", "extend sandbox", ref, "timeout")
                .json(new Wire.Timeout(seconds))
                .repeatable()
                .send();
    }

    /** Does nothing if it is paused. */
    void pause(String ref) {
        call("POST", "pause sandbox", ref, "pause")
                .json(new Wire.Nothing())
                .repeatable()
                .accept(409)
                .within(Duration.ofSeconds(90))
                .headWithin(Duration.ofSeconds(85))
                .send();
    }

    /** Resumes it if it is paused; its end is moved, but never nearer. */
    Wire.Sandbox connect(String ref, int seconds) {
        return call("POST", "resume sandbox", ref, "connect")
                .json(new Wire.Timeout(seconds))
                .repeatable()
                .within(Duration.ofSeconds(90))
                .headWithin(Duration.ofSeconds(85))
                .send()
                .json(Wire.Sandbox.class);
    }

    /** The last that is known. */
    Optional<Wire.Metric> metrics(String ref) {
        Answer answer = call("GET", "measure sandbox", ref, "metrics")
                .repeatable()
                .accept(404)
                .send();
        if (answer.status() == 404) {
            return Optional.empty();
        }
        List<Wire.Metric> metrics = answer.json(METRICS);
        return metrics.isEmpty() ? Optional.empty() : Optional.of(metrics.get(metrics.size() - 1));
    }

    /** Asks for as little as tells that the key is good. */
    void ping() {
        client.call(
                        "GET",
                        "list sandboxes",
                        url("v2/sandboxes").addQueryParameter("limit", "1").build())
                .errors(ControlErrors.ofNoSandbox())
                .repeatable()
                .within(Duration.ofSeconds(20))
                .send();
    }

    /** {@link ProviderState#UNKNOWN} if there was no answer. */
    ProviderState state(String ref) {
        try {
            return state(get(ref));
        } catch (SandboxGoneException e) {
            return ProviderState.GONE;
        } catch (SandboxInterruptedException e) {
            throw e;
        } catch (SandboxException e) {
            return ProviderState.UNKNOWN;
        }
    }

    static ProviderState state(Optional<Wire.Sandbox> sandbox) {
        if (sandbox.isEmpty()) {
            return ProviderState.GONE;
        }
        String state = sandbox.get().state();
        return "running".equals(state)
                ? ProviderState.PRESENT
                : "paused".equals(state) ? ProviderState.PAUSED : ProviderState.UNKNOWN;
    }

    /** Where the control plane is, for messages. */
    @Override
    public String toString() {
        return base.host();
    }
}
