/** For authors of backends and of applications: what they need to test against sandboxes without a provider. */
@NullMarked
package dev.sandkeeper.testkit;

import org.jspecify.annotations.NullMarked;
