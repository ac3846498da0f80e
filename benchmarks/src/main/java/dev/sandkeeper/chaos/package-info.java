/**
 * Kills hosts with kill -9 at random moments and has a witness outside of them judge what they leave: for
 * {@code scripts/chaos}. Never deployed.
 */
@NullMarked
package dev.sandkeeper.chaos;

import org.jspecify.annotations.NullMarked;
