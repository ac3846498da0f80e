package dev.sandkeeper.docker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.SandboxException;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many processes and threads a container has, as its control group counts.
 *
 * @param current now; what a failed start had made is gone
 * @param most as many as it may have; 0 if that is not known or not limited
 */
record ProcessCount(long current, long most) {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessCount.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ProcessCount UNKNOWN = new ProcessCount(0, 0);

    /** What the runtime takes for a moment to start a command, at least: fewer were seen not to be enough. */
    private static final int START = 8;

    /** Asks the engine; an engine 20.10 takes up to two seconds. Never throws. */
    static ProcessCount of(Engine engine, String containerId) {
        try {
            EngineResponse response = engine.request(
                    "GET", "/containers/" + containerId + "/stats?stream=false&one-shot=true", new byte[0], "");
            return response.status() == 200 ? parse(JSON.readTree(response.body())) : UNKNOWN;
        } catch (IOException | SandboxException e) {
            LOG.debug("does not know how many processes container {} has", containerId, e);
            return UNKNOWN;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return UNKNOWN;
        }
    }

    static ProcessCount parse(JsonNode stats) {
        JsonNode pids = stats.path("pids_stats");
        return new ProcessCount(
                pids.path("current").asLong(), pids.path("limit").asLong());
    }

    /** Whether there is no room for another command. */
    boolean exhausted() {
        return most > 0 && current > most - START;
    }
}
