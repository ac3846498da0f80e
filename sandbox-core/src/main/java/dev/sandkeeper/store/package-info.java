/**
 * For applications that choose where the rows of their sandboxes live. The only package that knows SQL.
 */
@NullMarked
package dev.sandkeeper.store;

import org.jspecify.annotations.NullMarked;
