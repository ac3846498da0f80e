/** Sandboxes at Daytona: for applications that register this backend. */
@NullMarked
package dev.sandkeeper.daytona;

import org.jspecify.annotations.NullMarked;
