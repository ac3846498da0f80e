package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.FileInfo;
import java.time.Instant;
import java.util.Arrays;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Something that a directory can hold. Guarded by its tree. */
abstract class Node {
    int mode;
    int uid;
    Instant modifiedAt;

    private Node(int mode, int uid, Instant modifiedAt) {
        this.mode = mode;
        this.uid = uid;
        this.modifiedAt = modifiedAt;
    }

    abstract FileInfo.Type type();

    long size() {
        return 0;
    }

    /** One that shares nothing with it. */
    abstract Node copy();

    boolean allows(int user, int bit) {
        if (user == 0) {
            return bit != 1 || this instanceof Dir || (mode & 0111) != 0;
        }
        return ((user == uid ? mode >> 6 : mode) & bit) != 0;
    }

    static final class Dir extends Node {
        final TreeMap<String, Node> entries = new TreeMap<>();

        Dir(int mode, int uid, Instant modifiedAt) {
            super(mode, uid, modifiedAt);
        }

        @Override
        FileInfo.Type type() {
            return FileInfo.Type.DIRECTORY;
        }

        @Override
        Dir copy() {
            Dir copy = new Dir(mode, uid, modifiedAt);
            entries.forEach((name, node) -> copy.entries.put(name, node.copy()));
            return copy;
        }

        long sizeOfAll() {
            return entries.values().stream()
                    .mapToLong(node -> node instanceof Dir below
                            ? below.sizeOfAll()
                            : node instanceof Plain file ? file.size() : 0)
                    .sum();
        }
    }

    static final class Link extends Node {
        final String target;

        Link(String target, int uid, Instant modifiedAt) {
            super(0777, uid, modifiedAt);
            this.target = target;
        }

        @Override
        FileInfo.Type type() {
            return FileInfo.Type.SYMBOLIC_LINK;
        }

        @Override
        long size() {
            return Names.encode(target).length;
        }

        @Override
        Link copy() {
            return new Link(target, uid, modifiedAt);
        }
    }

    /** A device that is always empty, or never. */
    static final class Device extends Node {
        final boolean endless;

        Device(boolean endless, Instant modifiedAt) {
            super(0666, 0, modifiedAt);
            this.endless = endless;
        }

        @Override
        FileInfo.Type type() {
            return FileInfo.Type.OTHER;
        }

        @Override
        Device copy() {
            return new Device(endless, modifiedAt);
        }
    }

    /** An ordinary file; one with a program stands for that built-in program. */
    static final class Plain extends Node {
        final @Nullable String program;
        private byte[] content = {};
        private int length;

        Plain(int mode, int uid, Instant modifiedAt, @Nullable String program) {
            super(mode, uid, modifiedAt);
            this.program = program;
        }

        @Override
        FileInfo.Type type() {
            return FileInfo.Type.FILE;
        }

        @Override
        long size() {
            return length;
        }

        @Override
        Plain copy() {
            Plain copy = new Plain(mode, uid, modifiedAt, program);
            copy.content = Arrays.copyOf(content, length);
            copy.length = length;
            return copy;
        }

        void write(long position, byte[] bytes, int offset, int count) {
            int start = Math.toIntExact(position);
            int end = Math.addExact(start, count);
            if (end > content.length) {
                content = Arrays.copyOf(content, Math.max(end, Math.min(content.length, 1 << 29) * 2));
            }
            System.arraycopy(bytes, offset, content, start, count);
            length = Math.max(length, end);
        }

        void truncate() {
            content = new byte[0];
            length = 0;
        }

        /** As {@link java.io.InputStream#read(byte[], int, int)}. */
        int read(long position, byte[] bytes, int offset, int count) {
            if (position >= length) {
                return -1;
            }
            int n = (int) Math.min(count, length - position);
            System.arraycopy(content, (int) position, bytes, offset, n);
            return n;
        }
    }
}
