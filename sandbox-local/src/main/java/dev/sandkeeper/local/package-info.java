/** For applications that run sandboxes on their own Linux host, with no daemon and no account. */
@NullMarked
package dev.sandkeeper.local;

import org.jspecify.annotations.NullMarked;
