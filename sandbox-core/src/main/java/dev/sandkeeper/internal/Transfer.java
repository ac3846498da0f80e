package dev.sandkeeper.internal;

import dev.sandkeeper.TransferOptions;
import dev.sandkeeper.TransferReport;
import java.util.ArrayList;
import java.util.List;

/** Counts a transfer, holds it to its limits and tells its listener. */
final class Transfer {
    private static final int NAMES = 10;
    private static final long STEP = 1 << 20;

    private final TransferOptions options;
    private final FileFailures failures;
    private final List<String> skippedNames = new ArrayList<>();
    private long entries;
    private long files;
    private long directories;
    private long skipped;
    private long announced;
    private long bytes;
    private long told;

    Transfer(TransferOptions options, FileFailures failures) {
        this.options = options;
        this.failures = failures;
    }

    void directory() {
        directories++;
        entry();
    }

    void link() {
        files++;
        entry();
        tell();
    }

    /** A file comes: refused by its size before any of it is moved. */
    void file(long size) {
        entry();
        announced += size;
        if (announced < 0 || announced > options.maxBytes()) {
            throw failures.access(
                    "file_too_large",
                    "it has more than " + options.maxBytes() + " bytes",
                    "Raise maxBytes, or move less at a time");
        }
    }

    void moved(int length) {
        bytes += length;
        if (bytes - told >= STEP) {
            tell();
        }
    }

    void fileDone() {
        files++;
        tell();
    }

    void skipped(String name) {
        skipped++;
        if (skippedNames.size() < NAMES) {
            skippedNames.add(name);
        }
        entry();
    }

    TransferReport report() {
        return new TransferReport(files, directories, bytes, skipped, skippedNames);
    }

    private void entry() {
        entries++;
        if (entries > options.maxEntries()) {
            throw failures.access(
                    "too_many_entries",
                    "it has more than " + options.maxEntries() + " entries",
                    "Raise maxEntries, or move less at a time");
        }
    }

    private void tell() {
        told = bytes;
        options.listener().progressed(files, bytes);
    }
}
