/** A simulator of Fly.io's Machines: for tests of backends and of applications. */
@NullMarked
package dev.sandkeeper.testkit.simulator.fly;

import org.jspecify.annotations.NullMarked;
