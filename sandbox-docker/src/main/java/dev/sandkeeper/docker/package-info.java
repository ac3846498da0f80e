/** For applications that run sandboxes as containers of a Docker engine. */
@NullMarked
package dev.sandkeeper.docker;

import org.jspecify.annotations.NullMarked;
