package dev.sandkeeper.local;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/** One at a time tries this host out: what is there of another trial was left by a JVM that was killed in it. */
final class TrialLock {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private TrialLock() {}

    /** Tries something of this host out. */
    interface Trial<T> {
        T run() throws IOException, InterruptedException;
    }

    /** Waits for other JVMs, and other backends of this one, on the same state directory. */
    static <T> T alone(Path stateDirectory, Trial<T> trial) throws IOException, InterruptedException {
        Path path = stateDirectory.resolve("trial.lock");
        // the lock is given back with the file
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            Wait wait = new Wait(PATIENCE);
            while (!locks(file)) {
                if (!wait.pause()) {
                    throw new IOException("another trial, which has locked " + path + ", did not end within a minute");
                }
            }
            return trial.run();
        }
    }

    private static boolean locks(FileChannel file) throws IOException, InterruptedException {
        try {
            return file.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            // another backend of this JVM tries
            return false;
        } catch (ClosedByInterruptException e) {
            Thread.interrupted();
            throw (InterruptedException) new InterruptedException("before the lock was taken").initCause(e);
        }
    }
}
