package dev.sandkeeper.conformance;

import dev.sandkeeper.testkit.simulator.internal.Alteration;
import java.util.function.Supplier;

/**
 * Something wrong with a simulator, planted to see it found.
 *
 * @param name what is wrong
 * @param group of the driver's calls among which it must be found
 * @param alteration makes it, anew for each run
 */
record Defect(String name, String group, Supplier<Alteration> alteration) {}
