/** For those who change Sandkeeper and want to know what it costs. */
@NullMarked
package dev.sandkeeper.benchmarks;

import org.jspecify.annotations.NullMarked;
