/**
 * What an application touches: {@link dev.sandkeeper.SandboxManager} creates sandboxes, {@link dev.sandkeeper.Sandbox}
 * is one of them, and the rest are the values that go in and come out.
 *
 * @serial exclude
 */
@NullMarked
package dev.sandkeeper;

import org.jspecify.annotations.NullMarked;
