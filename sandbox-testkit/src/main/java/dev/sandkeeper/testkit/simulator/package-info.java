/** Simulators of hosted providers, whose sandboxes are real ones of another backend: for tests of backends and of applications. */
@NullMarked
package dev.sandkeeper.testkit.simulator;

import org.jspecify.annotations.NullMarked;
