package dev.sandkeeper.conformance;

import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import java.util.List;

/** Compares a request and its answer with what the provider publishes. Safe from many threads. */
@FunctionalInterface
public interface TrafficCheck {
    /**
     * Compares.
     *
     * @param traffic an exchange
     * @return what differs, without secrets; empty if nothing does or the check is not about such exchanges
     */
    List<String> violations(SimulatorTraffic traffic);
}
