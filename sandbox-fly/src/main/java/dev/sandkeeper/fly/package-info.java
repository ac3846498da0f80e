/** Sandboxes at Fly.io Machines: for applications that register this backend. */
@NullMarked
package dev.sandkeeper.fly;

import org.jspecify.annotations.NullMarked;
