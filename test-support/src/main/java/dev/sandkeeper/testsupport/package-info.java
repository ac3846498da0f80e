/** For the tests of Sandkeeper's own modules: what every run of them is held to. */
@NullMarked
package dev.sandkeeper.testsupport;

import org.jspecify.annotations.NullMarked;
