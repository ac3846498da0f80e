/** Sandboxes at E2B: for applications that register this backend. */
@NullMarked
package dev.sandkeeper.e2b;

import org.jspecify.annotations.NullMarked;
