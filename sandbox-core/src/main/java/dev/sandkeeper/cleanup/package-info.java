/**
 * For applications that decide when a sandbox ends: {@link dev.sandkeeper.cleanup.CleanupPolicy} and the engine that
 * applies it.
 */
@NullMarked
package dev.sandkeeper.cleanup;

import org.jspecify.annotations.NullMarked;
