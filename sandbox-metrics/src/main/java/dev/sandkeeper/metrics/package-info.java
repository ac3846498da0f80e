/** For applications that are watched through Micrometer. */
@NullMarked
package dev.sandkeeper.metrics;

import org.jspecify.annotations.NullMarked;
