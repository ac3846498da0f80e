package dev.sandkeeper.testkit.internal;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/** What a file descriptor stands for. Shared by the descriptors that were copied from one; the last one closes it. */
abstract class OpenFile {
    private final AtomicInteger holders = new AtomicInteger();

    final OpenFile hold() {
        if (holders.getAndIncrement() == 0) {
            opened();
        }
        return this;
    }

    final void release() {
        if (holders.decrementAndGet() == 0) {
            closed();
        }
    }

    void opened() {}

    void closed() {}

    /** As {@link java.io.InputStream#read(byte[], int, int)}. */
    int read(byte[] bytes, int offset, int count) throws IOException, InterruptedException {
        throw new IOException("Bad file descriptor");
    }

    /** Writes some, at least one byte. */
    int write(byte[] bytes, int offset, int count) throws IOException, InterruptedException {
        throw new IOException("Bad file descriptor");
    }

    static OpenFile reader(Pipe pipe) {
        return new OpenFile() {
            @Override
            void opened() {
                pipe.addReader(1);
            }

            @Override
            void closed() {
                pipe.addReader(-1);
            }

            @Override
            int read(byte[] bytes, int offset, int count) throws InterruptedException {
                return pipe.read(bytes, offset, count);
            }
        };
    }

    static OpenFile writer(Pipe pipe) {
        return new OpenFile() {
            @Override
            void opened() {
                pipe.addWriter(1);
            }

            @Override
            void closed() {
                pipe.addWriter(-1);
            }

            @Override
            int write(byte[] bytes, int offset, int count) throws IOException, InterruptedException {
                return pipe.write(bytes, offset, count);
            }
        };
    }

    static OpenFile of(Tree tree, Node.Plain file, boolean append) {
        return new OpenFile() {
            private long position;

            @Override
            synchronized int read(byte[] bytes, int offset, int count) {
                int n = tree.read(file, position, bytes, offset, count);
                position += Math.max(n, 0);
                return n;
            }

            @Override
            synchronized int write(byte[] bytes, int offset, int count) throws IOException {
                synchronized (tree) {
                    long at = append ? file.size() : position;
                    tree.write(file, at, bytes, offset, count);
                    position = at + count;
                }
                return count;
            }
        };
    }

    static OpenFile of(Node.Device device) {
        return new OpenFile() {
            @Override
            int read(byte[] bytes, int offset, int count) {
                if (!device.endless) {
                    return -1;
                }
                Arrays.fill(bytes, offset, offset + count, (byte) 0);
                return count;
            }

            @Override
            int write(byte[] bytes, int offset, int count) {
                return count;
            }
        };
    }
}
