package dev.sandkeeper;

import java.util.List;
import java.util.Optional;

/**
 * A part of a list of sandboxes.
 *
 * @param sandboxes in the order of their ids, which is that of their creation
 * @param next what {@link SandboxQuery.Builder#after} takes for the next page, or nothing if this is the last one
 */
public record SandboxPage(List<SandboxInfo> sandboxes, Optional<SandboxId> next) {
    /** Copies the list. */
    public SandboxPage {
        sandboxes = List.copyOf(sandboxes);
    }
}
