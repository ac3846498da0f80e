/**
 * For authors of backends: what {@link dev.sandkeeper.spi.SandboxBackend} must do so that sandboxes of a provider can be
 * created, used and reliably destroyed. Applications need nothing from here but the backend's own factory.
 */
@NullMarked
package dev.sandkeeper.spi;

import org.jspecify.annotations.NullMarked;
