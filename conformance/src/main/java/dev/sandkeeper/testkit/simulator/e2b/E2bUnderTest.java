package dev.sandkeeper.testkit.simulator.e2b;

import dev.sandkeeper.testkit.simulator.internal.Alteration;
import org.jspecify.annotations.NullMarked;

/** The way to plant defects in a simulator of E2B, which its own API does not offer. */
@NullMarked
public final class E2bUnderTest {
    private E2bUnderTest() {}

    /**
     * Plants a defect.
     *
     * @param builder of the simulator
     * @param defect what is wrong with its answers
     * @return the builder
     */
    public static E2bSimulator.Builder altered(E2bSimulator.Builder builder, Alteration defect) {
        return builder.alteration(defect);
    }
}
