/**
 * The machine that the in-memory backend simulates: files, processes and a small shell; and what plans of faults are made of.
 * Public for this module only; it may change in any release.
 */
@NullMarked
package dev.sandkeeper.testkit.internal;

import org.jspecify.annotations.NullMarked;
