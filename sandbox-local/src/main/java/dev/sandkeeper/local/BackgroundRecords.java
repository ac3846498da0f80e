package dev.sandkeeper.local;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.internal.BackgroundKeeper;
import dev.sandkeeper.spi.BackendProcess;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The commands that run in the background of one sandbox: for each a file with the first process of its namespace, beside the
 * sandbox's description, which any JVM can read and no command of the sandbox can reach.
 */
final class BackgroundRecords implements BackgroundKeeper {
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration OTHERS = Duration.ofMinutes(1);

    private final Path directory;
    private final SandboxId sandbox;
    private final Failures failures;

    BackgroundRecords(Path directory, SandboxId sandbox, Failures failures) {
        this.directory = directory;
        this.sandbox = sandbox;
        this.failures = failures;
    }

    @Override
    public void alone(Runnable task) {
        try {
            Files.createDirectories(directory);
            try (FileChannel file = FileChannel.open(
                            directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = locked(file)) {
                if (!lock.isValid()) {
                    throw new IOException("the lock was lost");
                }
                task.run();
            }
        } catch (IOException e) {
            throw unusable(e);
        } catch (InterruptedException e) {
            throw failures.interrupted("waiting for another command to start", sandbox);
        }
    }

    private static FileLock locked(FileChannel file) throws IOException, InterruptedException {
        Wait wait = new Wait(OTHERS);
        while (true) {
            try {
                FileLock lock = file.tryLock();
                if (lock != null) {
                    return lock;
                }
            } catch (OverlappingFileLockException e) {
                // another thread of this JVM
            }
            if (!wait.pause()) {
                throw new IOException("another start did not end within a minute");
            }
        }
    }

    @Override
    public void note(String name, BackendProcess launcher) {
        try {
            Optional<ProcessIdentity> first = ((LocalProcess) launcher).first();
            if (first.isPresent()) {
                Io.writeAtomically(file(name), first.get().toString());
            }
        } catch (IOException e) {
            throw unusable(e);
        } catch (InterruptedException e) {
            throw failures.interrupted("starting a command in the background", sandbox);
        }
    }

    @Override
    public boolean runs(String name) {
        ProcessIdentity first = read(name);
        return first != null && first.alive();
    }

    @Override
    public void end(String name, Duration grace) {
        ProcessIdentity first = read(name);
        if (first == null || !first.exists()) {
            return;
        }
        try {
            if (!grace.isZero()) {
                CommandTree.members(first).forEach(ProcessHandle::destroy);
                if (CommandTree.ends(first, grace)) {
                    return;
                }
            }
            first.kill();
            if (!CommandTree.ends(first, PATIENCE)) {
                throw failures.unavailable(
                        "command_not_ended",
                        "\"" + name + "\" still has processes " + PATIENCE.toSeconds() + " seconds after KILL",
                        sandbox,
                        null);
            }
        } catch (InterruptedException e) {
            first.kill();
            throw failures.interrupted("ending a command in the background", sandbox);
        }
    }

    @Override
    public void forget(String name) {
        try {
            Files.deleteIfExists(file(name));
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private @Nullable ProcessIdentity read(String name) {
        String text = Io.readIfExists(file(name));
        return text == null ? null : ProcessIdentity.parse(text.strip());
    }

    /** With a prefix: {@code ..} is a name, too. */
    private Path file(String name) {
        return directory.resolve("c-" + name);
    }

    private RuntimeException unusable(IOException e) {
        return failures.unavailable(
                "state_directory_unusable", "cannot use " + directory + ": " + e.getMessage(), sandbox, e);
    }
}
