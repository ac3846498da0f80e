/** For those who change Sandkeeper and want to know what it costs beside others. {@code scripts/bench} runs it. */
@NullMarked
package dev.sandkeeper.benchmarks;

import org.jspecify.annotations.NullMarked;
