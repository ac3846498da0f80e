/**
 * Shared between Sandkeeper's own modules and public for that reason alone. Anything here may change in any release.
 */
@NullMarked
package dev.sandkeeper.internal;

import org.jspecify.annotations.NullMarked;
