package dev.sandkeeper;

import java.util.List;

/**
 * What the transfer of a directory did.
 *
 * @param files ordinary files, and on the way up links, that were made
 * @param directories directories that were made, the outermost not counted
 * @param bytes of all files together
 * @param skipped how many entries were left out: on the way down all but ordinary files and directories, names that lead
 *     out or that the host cannot have, and what has the name of something already made; on the way up links that are
 *     absolute or lead out, devices, pipes and sockets
 * @param skippedNames the first of their names, at most 10. On the way down hostile input, encoded as
 *     {@link FileInfo#path()}
 */
public record TransferReport(long files, long directories, long bytes, long skipped, List<String> skippedNames) {
    /** Copies the list. */
    public TransferReport {
        skippedNames = List.copyOf(skippedNames);
    }
}
