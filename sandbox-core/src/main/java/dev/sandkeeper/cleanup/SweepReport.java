package dev.sandkeeper.cleanup;

/**
 * What a sweep of all backends did.
 *
 * @param listed how many sandboxes the providers listed as this deployment's
 * @param orphans how many of them have no live row
 * @param destroyed how many orphans were destroyed
 * @param ghosts how many rows are live although their resource is gone; they are being ended
 * @param stopped how many backends were left alone because the sweep would have destroyed suspiciously much
 * @param failed how many backends could not be listed
 */
public record SweepReport(int listed, int orphans, int destroyed, int ghosts, int stopped, int failed) {
    static final SweepReport NOTHING = new SweepReport(0, 0, 0, 0, 0, 0);

    SweepReport plus(SweepReport other) {
        return new SweepReport(
                listed + other.listed,
                orphans + other.orphans,
                destroyed + other.destroyed,
                ghosts + other.ghosts,
                stopped + other.stopped,
                failed + other.failed);
    }
}
