package dev.sandkeeper.testkit.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Trees as tar archives. Names go as bytes: to the tar library they are ISO 8859-1. */
final class Archive {
    private static final String BYTES = "ISO-8859-1";

    private Archive() {}

    static byte[] pack(Tree tree, String path, int uid) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        synchronized (tree) {
            Node.Dir directory = tree.directory(path, uid);
            try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, BYTES)) {
                tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
                tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
                pack(directory, "", tar, uid);
            }
        }
        return bytes.toByteArray();
    }

    private static void pack(Node.Dir directory, String prefix, TarArchiveOutputStream tar, int uid)
            throws IOException {
        for (Map.Entry<String, Node> named : directory.entries.entrySet()) {
            String name = prefix + named.getKey();
            Node node = named.getValue();
            if (!node.allows(uid, 4)) {
                throw new FileProblem(Errno.PERMISSION, name);
            }
            String raw = raw(name);
            TarArchiveEntry entry;
            if (node instanceof Node.Dir) {
                entry = new TarArchiveEntry(raw + "/", TarConstants.LF_DIR);
            } else if (node instanceof Node.Link link) {
                entry = new TarArchiveEntry(raw, TarConstants.LF_SYMLINK);
                entry.setLinkName(raw(link.target));
            } else {
                entry = new TarArchiveEntry(raw, TarConstants.LF_NORMAL);
                entry.setSize(node.size());
            }
            entry.setMode(node.mode);
            entry.setModTime(node.modifiedAt.toEpochMilli());
            tar.putArchiveEntry(entry);
            if (node instanceof Node.Plain file) {
                byte[] content = new byte[Math.toIntExact(file.size())];
                file.read(0, content, 0, content.length);
                tar.write(content);
            }
            tar.closeArchiveEntry();
            if (node instanceof Node.Dir below) {
                pack(below, name + "/", tar, uid);
            }
        }
    }

    static void unpack(Tree tree, String path, InputStream in, MachineTime time, int uid) throws IOException {
        TarArchiveInputStream tar = new TarArchiveInputStream(in, BYTES);
        byte[] buffer = new byte[64 << 10];
        for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
            String name = cooked(entry.getName());
            String target = path + "/" + name;
            if (Tree.elements(name).contains("..")) {
                throw new FileProblem(Errno.INVALID, name);
            }
            if (entry.isDirectory()) {
                tree.makeDirectories(target, uid);
                tree.chmod(target, entry.getMode() & 07777, uid);
                continue;
            }
            tree.makeParents(target, uid);
            synchronized (tree) {
                Node node = entry.isSymbolicLink()
                        ? new Node.Link(cooked(entry.getLinkName()), uid, time.now())
                        : new Node.Plain(entry.getMode() & 07777, uid, time.now(), null);
                tree.put(tree.place(target, false, uid), node, target, uid);
                if (node instanceof Node.Plain file) {
                    for (int n = tar.read(buffer); n >= 0; n = tar.read(buffer)) {
                        tree.write(file, file.size(), buffer, 0, n);
                    }
                }
            }
        }
        in.transferTo(OutputStream.nullOutputStream());
    }

    private static String raw(String name) {
        return new String(Names.encode(name), StandardCharsets.ISO_8859_1);
    }

    private static String cooked(String raw) {
        return Names.decode(raw.getBytes(StandardCharsets.ISO_8859_1));
    }
}
