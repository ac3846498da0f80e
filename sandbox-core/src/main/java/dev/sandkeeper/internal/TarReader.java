package dev.sandkeeper.internal;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.commons.compress.archivers.tar.TarUtils;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tar archive whose author is hostile. Not {@code TarArchiveInputStream}, which keeps a long name of any length in
 * memory, recurses for each of many and turns names into text; here everything is bounded, and a name is bytes. Knows what
 * GNU tar and busybox write: ustar, GNU long names and POSIX extended headers.
 */
final class TarReader {
    private static final int BLOCK = 512;
    private static final int LONGEST_NAME = 4096;
    private static final int LONGEST_EXTENSION = 64 * 1024;
    /** Name, link name and extended headers come one each. */
    private static final int MOST_EXTENSIONS = 8;
    /** GNU tar fills its last record up, to 10 KiB unless told otherwise. */
    private static final int MOST_PADDING = 1 << 20;

    private final InputStream in;
    private final byte[] header = new byte[BLOCK];
    private long left;
    private int padding;

    TarReader(InputStream in) {
        this.in = in;
    }

    enum Kind {
        FILE,
        DIRECTORY,
        OTHER
    }

    /** @param name relative or not, as {@link PathBytes} decodes it; slashes at its end are taken off */
    record Entry(String name, Kind kind, long size, int mode) {}

    /**
     * Skips what is left of the entry before.
     *
     * @return the next entry; null at the end of the archive, after which the stream has ended too
     * @throws IOException if the stream breaks off or is not an archive
     */
    @Nullable
    Entry next() throws IOException {
        String longName = null;
        long size = -1;
        boolean sparse = false;
        for (int extensions = 0; extensions <= MOST_EXTENSIONS; extensions++) {
            skip(left + padding);
            fill(header, BLOCK);
            if (isZero(header)) {
                finish();
                return null;
            }
            long stated = statedSize();
            switch (header[156]) {
                case 'L' -> longName = name(data(stated, LONGEST_NAME));
                case 'K' -> data(stated, LONGEST_NAME);
                case 'g' -> data(stated, LONGEST_EXTENSION);
                case 'x' -> {
                    Extension extension = Extension.of(data(stated, LONGEST_EXTENSION));
                    longName = extension.path() == null ? longName : extension.path();
                    size = extension.size() < 0 ? size : extension.size();
                    sparse |= extension.sparse();
                }
                default -> {
                    return entry(longName == null ? headerName() : longName, size < 0 ? stated : size, sparse);
                }
            }
        }
        throw malformed("more than " + MOST_EXTENSIONS + " extensions of one entry");
    }

    /** Reads the content of the current entry; -1 at its end. */
    int read(byte[] buffer) throws IOException {
        if (left == 0) {
            return -1;
        }
        int part = in.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (part < 0) {
            throw cut();
        }
        left -= part;
        return part;
    }

    private Entry entry(String name, long size, boolean sparse) throws IOException {
        boolean slash = name.endsWith("/");
        byte type = header[156];
        Kind kind = switch (type) {
            case 0 -> slash ? Kind.DIRECTORY : Kind.FILE;
            case '0', '7' -> Kind.FILE;
            case '5' -> Kind.DIRECTORY;
            case 'S' -> throw malformed("an old sparse entry");
            default -> Kind.OTHER;
        };
        boolean hasData = kind == Kind.FILE || type > '7';
        expect(hasData ? size : 0);
        int end = name.length();
        while (end > 1 && name.charAt(end - 1) == '/') {
            end--;
        }
        Kind told = sparse ? Kind.OTHER : kind;
        return new Entry(name.substring(0, end), told, left, (int) number(100, 8) & 07777);
    }

    private long statedSize() throws IOException {
        if (!hasRightChecksum()) {
            throw malformed("a header with a wrong checksum");
        }
        long size = number(124, 12);
        if (size < 0) {
            throw malformed("a negative size");
        }
        return size;
    }

    private boolean hasRightChecksum() {
        try {
            return TarUtils.verifyCheckSum(header);
        } catch (IllegalArgumentException e) {
            // the field is not even a number
            return false;
        }
    }

    private long number(int offset, int length) throws IOException {
        try {
            return TarUtils.parseOctalOrBinary(header, offset, length);
        } catch (IllegalArgumentException e) {
            throw new IOException("malformed archive: a field that is not a number", e);
        }
    }

    private String headerName() {
        String name = name(Arrays.copyOfRange(header, 0, 100));
        boolean ustar = new String(header, 257, 6, StandardCharsets.ISO_8859_1).equals("ustar\0");
        return ustar && header[345] != 0 ? name(Arrays.copyOfRange(header, 345, 500)) + "/" + name : name;
    }

    private static String name(byte[] field) {
        int end = 0;
        while (end < field.length && field[end] != 0) {
            end++;
        }
        return PathBytes.decode(field, 0, end);
    }

    private byte[] data(long size, int most) throws IOException {
        if (size > most) {
            throw malformed("an extension of " + size + " bytes");
        }
        expect(size);
        byte[] data = new byte[(int) size];
        fill(data, data.length);
        left = 0;
        return data;
    }

    private void expect(long size) {
        left = size;
        padding = (int) (-size & BLOCK - 1);
    }

    private void fill(byte[] target, int length) throws IOException {
        if (in.readNBytes(target, 0, length) < length) {
            throw cut();
        }
    }

    private void skip(long count) throws IOException {
        try {
            in.skipNBytes(count);
        } catch (EOFException e) {
            throw cut();
        }
        left = 0;
        padding = 0;
    }

    /** To the very end: only there the stream says whether it is complete. */
    private void finish() throws IOException {
        byte[] buffer = new byte[8 * 1024];
        int padding = 0;
        for (int part = in.read(buffer); part >= 0; part = in.read(buffer)) {
            padding += part;
            if (padding > MOST_PADDING) {
                throw malformed("more behind its end");
            }
        }
    }

    private static boolean isZero(byte[] block) {
        for (byte b : block) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    private static IOException cut() {
        return new IOException("the archive breaks off");
    }

    private static IOException malformed(String what) {
        return new IOException("malformed archive: " + what);
    }

    /** The records of an extended header: length in decimal, space, key, equals sign, value, line feed. */
    private record Extension(@Nullable String path, long size, boolean sparse) {
        static Extension of(byte[] data) throws IOException {
            String path = null;
            long size = -1;
            boolean sparse = false;
            int start = 0;
            while (start < data.length) {
                int space = indexOf(data, ' ', start);
                long length = decimal(data, start, space);
                if (length <= space - start + 1 || length > data.length - start) {
                    throw malformed("an extended header of a wrong length");
                }
                int end = start + (int) length;
                int equals = indexOf(data, '=', space + 1);
                if (equals >= end || data[end - 1] != '\n') {
                    throw malformed("an extended header without a value");
                }
                String key = new String(data, space + 1, equals - space - 1, StandardCharsets.ISO_8859_1);
                if (key.equals("path")) {
                    path = name(Arrays.copyOfRange(data, equals + 1, end - 1));
                } else if (key.equals("size")) {
                    size = decimal(data, equals + 1, end - 1);
                } else if (key.startsWith("GNU.sparse.")) {
                    sparse = true;
                }
                start = end;
            }
            if (path != null && path.length() > LONGEST_NAME) {
                throw malformed("a name of " + path.length() + " characters");
            }
            return new Extension(path, size, sparse);
        }

        private static int indexOf(byte[] data, char wanted, int from) throws IOException {
            for (int i = from; i < data.length; i++) {
                if (data[i] == wanted) {
                    return i;
                }
            }
            throw malformed("an extended header without '" + wanted + "'");
        }

        private static long decimal(byte[] data, int start, int end) throws IOException {
            long value = 0;
            if (start >= end || end - start > 18) {
                throw malformed("an extended header with a strange number");
            }
            for (int i = start; i < end; i++) {
                if (data[i] < '0' || data[i] > '9') {
                    throw malformed("an extended header with a strange number");
                }
                value = value * 10 + (data[i] - '0');
            }
            return value;
        }
    }
}
