package dev.sandkeeper;

/** Hears how far a transfer of a directory is. */
@FunctionalInterface
public interface TransferListener {
    /**
     * Called on the transferring thread, after every file and every megabyte. What it throws ends the transfer and reaches
     * its caller.
     *
     * @param files how many have been transferred
     * @param bytes how many of their bytes
     */
    void progressed(long files, long bytes);
}
