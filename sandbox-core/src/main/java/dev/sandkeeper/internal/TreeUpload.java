package dev.sandkeeper.internal;

import dev.sandkeeper.TransferOptions;
import dev.sandkeeper.TransferReport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Iterator;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;

/**
 * A directory of the host as a tar archive, made while it is read, in a few buffers. Ordinary files, directories and links
 * that stay within it are sent, without owner and with the executable bit as all that is left of the mode.
 */
public final class TreeUpload extends InputStream {
    private static final int EXECUTABLE = 0755;
    private static final int PLAIN = 0644;

    private final Path root;
    private final Transfer transfer;
    private final Stream<Path> tree;
    private final Iterator<Path> paths;
    private final Buffer buffer = new Buffer();
    private final TarArchiveOutputStream tar;
    private final byte[] chunk = new byte[FileShell.BUFFER];
    private @Nullable InputStream file;
    private long left;
    private boolean finished;

    /**
     * Begins.
     *
     * @param root a directory
     * @param options limits and listener
     * @param backend the backend's name, for messages
     * @throws IOException if it cannot be read
     */
    @SuppressWarnings("StreamResourceLeak") // close() closes it
    public TreeUpload(Path root, TransferOptions options, String backend) throws IOException {
        this.root = root;
        this.transfer = new Transfer(options, new FileFailures("upload " + root, backend));
        this.tree = Files.walk(root);
        this.paths = tree.skip(1).iterator();
        // one byte a character, so that any name keeps its bytes
        this.tar = new TarArchiveOutputStream(buffer, StandardCharsets.ISO_8859_1.name());
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
    }

    /**
     * What has been sent.
     *
     * @return the report
     */
    public TransferReport report() {
        return transfer.report();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        try {
            while (length > 0 && buffer.isEmpty()) {
                if (finished) {
                    return -1;
                }
                buffer.reset();
                advance();
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return buffer.take(target, offset, length);
    }

    @Override
    public void close() throws IOException {
        tree.close();
        if (file != null) {
            file.close();
        }
    }

    private void advance() throws IOException {
        if (file != null) {
            send(file);
        } else if (paths.hasNext()) {
            begin(paths.next());
        } else {
            tar.finish();
            finished = true;
        }
    }

    private void begin(Path path) throws IOException {
        BasicFileAttributes attributes =
                Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        byte[] name = HostNames.between(root, path);
        FileTime time = attributes.lastModifiedTime();
        if (attributes.isDirectory()) {
            transfer.directory();
            put(entry(name, "/", TarConstants.LF_DIR, EXECUTABLE, time));
            tar.closeArchiveEntry();
        } else if (attributes.isSymbolicLink()) {
            link(path, name, time);
        } else if (attributes.isRegularFile()) {
            SeekableByteChannel channel =
                    Files.newByteChannel(path, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
            InputStream opened = Channels.newInputStream(channel);
            file = opened;
            left = channel.size();
            transfer.file(left);
            TarArchiveEntry entry = entry(name, "", TarConstants.LF_NORMAL, mode(path), time);
            entry.setSize(left);
            put(entry);
            if (left == 0) {
                end(opened);
            }
        } else {
            transfer.skipped(PathBytes.decode(name, 0, name.length));
        }
    }

    private void send(InputStream from) throws IOException {
        int part = from.read(chunk, 0, (int) Math.min(chunk.length, left));
        if (part < 0) {
            throw new IOException("a file became shorter while it was sent");
        }
        tar.write(chunk, 0, part);
        left -= part;
        transfer.moved(part);
        if (left == 0) {
            end(from);
        }
    }

    private void end(InputStream from) throws IOException {
        tar.closeArchiveEntry();
        from.close();
        file = null;
        transfer.fileDone();
    }

    private void link(Path path, byte[] name, FileTime time) throws IOException {
        Path target = Files.readSymbolicLink(path);
        Path directory = Objects.requireNonNull(path.getParent());
        Path end = directory.resolve(target).normalize();
        if (target.isAbsolute() || !end.startsWith(root) || target.toString().indexOf('\uFFFD') >= 0) {
            transfer.skipped(PathBytes.decode(name, 0, name.length));
            return;
        }
        TarArchiveEntry entry = entry(name, "", TarConstants.LF_SYMLINK, 0777, time);
        String text = target.toString().replace(root.getFileSystem().getSeparator(), "/");
        entry.setLinkName(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
        transfer.link();
        put(entry);
        tar.closeArchiveEntry();
    }

    private void put(TarArchiveEntry entry) throws IOException {
        tar.putArchiveEntry(entry);
    }

    private static TarArchiveEntry entry(byte[] name, String end, byte type, int mode, FileTime time) {
        String text = new String(name, StandardCharsets.ISO_8859_1) + end;
        TarArchiveEntry entry = new TarArchiveEntry(text, type, true);
        // the library puts this JVM's user in
        entry.setUserName("");
        entry.setGroupName("");
        entry.setIds(0, 0);
        entry.setMode(mode);
        entry.setModTime(Math.max(0, time.toMillis()) / 1000 * 1000);
        return entry;
    }

    private static int mode(Path path) throws IOException {
        try {
            PosixFileAttributes attributes =
                    Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return attributes.permissions().contains(PosixFilePermission.OWNER_EXECUTE) ? EXECUTABLE : PLAIN;
        } catch (UnsupportedOperationException e) {
            return PLAIN;
        }
    }

    /** What the archiver has written and nobody has read. */
    private static final class Buffer extends ByteArrayOutputStream {
        private int position;

        boolean isEmpty() {
            return position == count;
        }

        int take(byte[] target, int offset, int length) {
            int part = Math.min(length, count - position);
            System.arraycopy(buf, position, target, offset, part);
            position += part;
            return part;
        }

        @Override
        public synchronized void reset() {
            super.reset();
            position = 0;
        }
    }
}
