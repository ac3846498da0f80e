package dev.sandkeeper.testkit.internal;

import java.io.IOException;

/** A file operation of the simulated machine failed. */
final class FileProblem extends IOException {
    private static final long serialVersionUID = 1L;

    private final Errno errno;

    FileProblem(Errno errno, String path) {
        super(path + ": " + errno.text());
        this.errno = errno;
    }

    Errno errno() {
        return errno;
    }
}
