/** For readers who learn from programs: each class here runs as it stands. */
@NullMarked
package dev.sandkeeper.examples;

import org.jspecify.annotations.NullMarked;
