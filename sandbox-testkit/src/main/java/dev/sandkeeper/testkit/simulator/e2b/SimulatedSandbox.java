package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.testkit.simulator.internal.Machine;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** One sandbox as E2B sees it. Its state changes under its own lock. */
final class SimulatedSandbox {
    /** What it was made with. */
    private final NewSandbox request;

    private final String id;
    private final String templateId;
    private final String token;
    private final @Nullable String trafficToken;
    private final Machine machine;
    private final boolean homeLinked;
    private final ProcessTable processes;
    private final Watchers watchers = new Watchers();
    private final Map<String, Map<String, String>> fileMetadata = new ConcurrentHashMap<>();
    private final Instant madeAt;
    private volatile @Nullable JsonNode network;
    private volatile State state = State.RUNNING;
    private volatile Instant startedAt;
    private volatile Instant endAt;
    private volatile @Nullable Instant goneAt;

    SimulatedSandbox(
            NewSandbox request,
            String id,
            String templateId,
            String token,
            @Nullable String trafficToken,
            Machine machine,
            boolean homeLinked,
            Instant now) {
        this.request = request;
        this.id = id;
        this.templateId = templateId;
        this.token = token;
        this.trafficToken = trafficToken;
        this.machine = machine;
        this.homeLinked = homeLinked;
        this.processes = new ProcessTable();
        this.network = request.network();
        this.madeAt = now;
        this.startedAt = now;
        this.endAt = now.plus(request.timeout());
    }

    /** What it is doing. */
    enum State {
        RUNNING,
        PAUSING,
        PAUSED,
        RESUMING,
        KILLING,
        GONE
    }

    NewSandbox request() {
        return request;
    }

    String id() {
        return id;
    }

    String templateId() {
        return templateId;
    }

    String token() {
        return token;
    }

    @Nullable
    String trafficToken() {
        return trafficToken;
    }

    Machine machine() {
        return machine;
    }

    /** The home of the user, as commands see it. */
    String home() {
        return homeLinked ? Paths.HOME : Paths.WORKSPACE;
    }

    ProcessTable processes() {
        return processes;
    }

    Watchers watchers() {
        return watchers;
    }

    Map<String, Map<String, String>> fileMetadata() {
        return fileMetadata;
    }

    @Nullable
    JsonNode network() {
        return network;
    }

    void network(JsonNode rules) {
        network = rules;
    }

    State state() {
        return state;
    }

    /** What the API tells: {@code paused} from the moment when pausing begins. */
    boolean showsPaused() {
        return state == State.PAUSING || state == State.PAUSED || state == State.RESUMING;
    }

    boolean gone() {
        return state == State.KILLING || state == State.GONE;
    }

    /** Changes the state if it is the one that was expected. */
    synchronized boolean become(State expected, State next) {
        if (state != expected) {
            return false;
        }
        state = next;
        return true;
    }

    /** Answers whether this call is the one that ends it. */
    synchronized boolean beginKilling(Instant now) {
        if (gone()) {
            return false;
        }
        state = State.KILLING;
        goneAt = now;
        return true;
    }

    synchronized void runsUntil(Instant start, Instant end) {
        startedAt = start;
        endAt = end;
    }

    Instant madeAt() {
        return madeAt;
    }

    Instant startedAt() {
        return startedAt;
    }

    Instant endAt() {
        return endAt;
    }

    @Nullable
    Instant goneAt() {
        return goneAt;
    }
}
