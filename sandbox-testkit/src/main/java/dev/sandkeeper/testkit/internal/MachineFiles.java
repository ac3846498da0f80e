package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.Failure;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.spi.BackendFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** File operations from outside, with the rights of the machine's user. */
final class MachineFiles implements BackendFiles {
    private final Machine machine;
    private final Tree tree;
    private final int uid;
    private final Runnable requireOpen;

    MachineFiles(Machine machine, Runnable requireOpen) {
        this.machine = machine;
        this.requireOpen = requireOpen;
        this.tree = machine.tree();
        this.uid = machine.uid();
    }

    @FunctionalInterface
    private interface Call<T> {
        T run() throws IOException;
    }

    @FunctionalInterface
    private interface Change {
        void run() throws IOException;
    }

    private void change(String path, Change change) {
        call(path, () -> {
            change.run();
            return true;
        });
    }

    private <T> T call(String path, Call<T> call) {
        requireOpen.run();
        machine.requireAlive("use a file");
        try {
            return call.run();
        } catch (FileProblem e) {
            throw new FileAccessException(Failure.of(
                            e.errno().code(),
                            "file \"" + path + "\": " + e.errno().text())
                    .cause(e));
        } catch (IOException e) {
            throw new FileAccessException(
                    Failure.of("file_access_failed", "file \"" + path + "\": the content could not be read")
                            .cause(e));
        }
    }

    @Override
    public void write(String path, InputStream content, int mode) {
        change(path, () -> {
            tree.makeParents(path, uid);
            Node.Plain file = new Node.Plain(0644, uid, machine.time().now(), null);
            synchronized (tree) {
                Tree.Place place = tree.place(path, false, uid);
                if (!place.directory().allows(uid, 2)) {
                    throw new FileProblem(Errno.PERMISSION, path);
                }
                tree.requireReplaceable(place, file, path, uid);
            }
            boolean done = false;
            try {
                fill(file, content);
                synchronized (tree) {
                    Tree.Place place = tree.place(path, false, uid);
                    if (mode >= 0) {
                        file.mode = mode;
                    } else if (place.node() instanceof Node.Plain old) {
                        file.mode = old.mode;
                    }
                    tree.put(place, file, path, uid);
                    done = true;
                }
            } finally {
                if (!done) {
                    tree.release(file);
                }
            }
        });
    }

    @Override
    public void append(String path, InputStream content) {
        change(path, () -> {
            Node.Plain file;
            synchronized (tree) {
                tree.makeParents(path, uid);
                Tree.Place place = tree.place(path, true, uid);
                if (place.node() instanceof Node.Plain old) {
                    file = old;
                } else {
                    file = new Node.Plain(0644, uid, machine.time().now(), null);
                    tree.put(place, file, path, uid);
                }
                if (!file.allows(uid, 2)) {
                    throw new FileProblem(Errno.PERMISSION, path);
                }
            }
            fill(file, content);
        });
    }

    private void fill(Node.Plain file, InputStream content) throws IOException {
        byte[] buffer = new byte[64 << 10];
        for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
            requireOpen.run();
            machine.requireAlive("write a file");
            if (Thread.currentThread().isInterrupted()) {
                throw new SandboxInterruptedException(
                        Failure.of("interrupted", "interrupted while a file was written"));
            }
            synchronized (tree) {
                tree.write(file, file.size(), buffer, 0, n);
            }
        }
    }

    @Override
    public InputStream read(String path) {
        return call(path, () -> {
            Node node = tree.get(path, true, uid);
            if (node instanceof Node.Dir) {
                throw new FileProblem(Errno.IS_A_DIRECTORY, path);
            }
            if (!node.allows(uid, 4)) {
                throw new FileProblem(Errno.PERMISSION, path);
            }
            if (node instanceof Node.Plain file) {
                return new Content(file);
            }
            throw new FileProblem(Errno.INVALID, path);
        });
    }

    /** Holds on to the file as it was found, so that a write that replaces it is not seen half. */
    private final class Content extends InputStream {
        private final Node.Plain file;
        private long position;

        Content(Node.Plain file) {
            this.file = file;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] bytes, int offset, int count) throws IOException {
            if (machine.hasEnded()) {
                throw new IOException("the sandbox has ended");
            }
            try {
                requireOpen.run();
            } catch (HandleClosedException e) {
                throw new IOException(e.getMessage(), e);
            }
            if (count == 0) {
                return 0;
            }
            int n = tree.read(file, position, bytes, offset, count);
            position += Math.max(n, 0);
            return n;
        }
    }

    @Override
    public FileInfo stat(String path) {
        return call(path, () -> tree.stat(path, uid));
    }

    @Override
    public List<FileInfo> list(String path, int limit) {
        return call(path, () -> tree.list(path, limit, uid));
    }

    @Override
    public void makeDirectory(String path) {
        change(path, () -> {
            tree.makeDirectories(path, uid);
        });
    }

    @Override
    public void move(String from, String to) {
        change(from, () -> {
            tree.move(from, to, uid);
        });
    }

    @Override
    public void remove(String path, boolean recursive) {
        change(path, () -> {
            tree.remove(path, recursive, uid);
        });
    }

    @Override
    public void setMode(String path, int mode) {
        change(path, () -> {
            tree.chmod(path, mode, uid);
        });
    }

    @Override
    public void unpack(String path, InputStream tar) {
        change(path, () -> {
            tree.makeDirectories(path, uid);
            Archive.unpack(tree, path, tar, machine.time(), uid);
        });
    }

    @Override
    public InputStream pack(String path) {
        return call(path, () -> new ByteArrayInputStream(Archive.pack(tree, path, uid)));
    }
}
