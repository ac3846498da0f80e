package dev.sandkeeper.spi;

import java.util.List;

/**
 * What a provider lists of one deployment.
 *
 * @param resources one entry a sandbox, in any order
 * @param complete whether the provider vouches that nothing is missing. False proves nothing absent: a list that was cut,
 *     failed in part or is known to lag
 */
public record OwnedListing(List<OwnedResource> resources, boolean complete) {
    /** Copies the list. */
    public OwnedListing {
        resources = List.copyOf(resources);
    }
}
