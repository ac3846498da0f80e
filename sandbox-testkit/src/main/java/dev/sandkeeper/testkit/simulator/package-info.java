/**
 * What simulators of hosted providers, whose sandboxes are real ones of another backend, have in common for those who use
 * them: the faults that are planned and the traffic that is heard. Each provider's simulator has a package of its own below.
 */
@NullMarked
package dev.sandkeeper.testkit.simulator;

import org.jspecify.annotations.NullMarked;
