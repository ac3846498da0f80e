/** A simulator of E2B: for tests of backends and of applications. */
@NullMarked
package dev.sandkeeper.testkit.simulator.e2b;

import org.jspecify.annotations.NullMarked;
