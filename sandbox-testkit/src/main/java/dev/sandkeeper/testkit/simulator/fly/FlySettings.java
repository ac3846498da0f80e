package dev.sandkeeper.testkit.simulator.fly;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is not known of Fly, or differs from one account to another. */
record FlySettings(
        String token,
        Set<String> organizations,
        Set<String> regions,
        Map<String, FlyNoRoom> full,
        SandboxSpec spec,
        @Nullable String execUser,
        boolean oneExecAtATime,
        boolean rateLimits,
        Duration destroyedReadable,
        Duration stopGap,
        String skippedLaunchRests,
        int rowsInAPage,
        SimulatorFaults faults) {
    /** Leaves the token out. */
    @Override
    public String toString() {
        return "FlySettings[regions=" + regions + ", full=" + full + "]";
    }
}
