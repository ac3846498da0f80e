/**
 * What the simulators share: a strict HTTP server, sandboxes that stand behind simulated ones, faults. Public for this module
 * only; it may change in any release.
 */
@NullMarked
package dev.sandkeeper.testkit.simulator.internal;

import org.jspecify.annotations.NullMarked;
