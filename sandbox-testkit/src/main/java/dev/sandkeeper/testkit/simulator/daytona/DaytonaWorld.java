package dev.sandkeeper.testkit.simulator.daytona;

import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What the routes share. */
record DaytonaWorld(
        DaytonaKeys keys,
        DaytonaFleet fleet,
        DaytonaShelf shelf,
        DaytonaLifecycle lifecycle,
        DaytonaCreation creation,
        DaytonaPreviews previews,
        DaytonaJson json,
        DaytonaErrors errors,
        DaytonaTime time,
        DaytonaManner manner,
        String uri,
        Supplier<Duration> lag) {
    /** How far lists lag now. */
    Duration listLag() {
        return lag.get();
    }

    /** The answer of the control plane, an error included. */
    Answer answered(Exchange exchange, @Nullable String permission, DaytonaControl.Organized answer)
            throws IOException, InterruptedException {
        try {
            return answer.answer(keys.organization(exchange, permission), exchange);
        } catch (DaytonaRefusal e) {
            return errors.control(exchange.path(), e.status(), e.message());
        }
    }

    /** Where the log of a build is read. */
    String buildLogs(String id) {
        return uri + "/build-logs/" + id;
    }
}
