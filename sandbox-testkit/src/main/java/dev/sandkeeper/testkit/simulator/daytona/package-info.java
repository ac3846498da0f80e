/** A simulator of Daytona: for tests of backends and of applications. */
@NullMarked
package dev.sandkeeper.testkit.simulator.daytona;

import org.jspecify.annotations.NullMarked;
