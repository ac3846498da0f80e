/** The HTTP client of the backends of hosted providers; for their modules only. */
@NullMarked
package dev.sandkeeper.http;

import org.jspecify.annotations.NullMarked;
