package dev.sandkeeper.internal;

import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;

/** Packs files and directories of a sandbox as one tar archive: ordinary files and directories, no links. */
public final class TarExport {
    private static final String NOT_FOUND = "file_not_found";

    private final BackendFiles files;
    private final TarArchiveOutputStream tar;
    private final byte[] chunk = new byte[FileShell.BUFFER];

    /**
     * Begins an archive.
     *
     * @param files the sandbox's
     * @param target where it goes; not closed
     */
    public TarExport(BackendFiles files, OutputStream target) {
        this.files = files;
        // one byte a character, so that any name keeps its bytes
        this.tar = new TarArchiveOutputStream(target, StandardCharsets.ISO_8859_1.name());
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
    }

    /**
     * Packs everything and ends the archive.
     *
     * @param paths relative to the workspace or absolute; their names in the archive are these, without a slash at the start.
     *     What is not there is left out
     * @throws IOException if an archive or a file breaks off, or what the target throws
     */
    public void write(List<String> paths) throws IOException {
        for (String path : paths) {
            String absolute = path.startsWith("/") ? path : SandboxSpec.WORKSPACE + "/" + path;
            FileInfo info = find(absolute);
            String name = path.replaceAll("^/+|/+$", "");
            if (info != null && info.type() == FileInfo.Type.DIRECTORY) {
                directory(absolute, name);
            } else if (info != null && info.type() == FileInfo.Type.FILE) {
                try (InputStream content = files.read(absolute)) {
                    put(name, TarConstants.LF_NORMAL, info.mode(), info.size());
                    copy(content);
                }
            }
        }
        tar.finish();
        tar.flush();
    }

    private @Nullable FileInfo find(String path) {
        try {
            return files.stat(path);
        } catch (FileAccessException e) {
            if (e.code().equals(NOT_FOUND)) {
                return null;
            }
            throw e;
        }
    }

    private void directory(String path, String name) throws IOException {
        try (InputStream packed = files.pack(path)) {
            TarReader reader = new TarReader(packed);
            for (TarReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
                String below = entry.name().replaceFirst("^(\\./|\\.$)", "");
                String full = below.isEmpty() ? name : name + "/" + below;
                if (entry.kind() == TarReader.Kind.DIRECTORY) {
                    put(full + "/", TarConstants.LF_DIR, entry.mode(), 0);
                    tar.closeArchiveEntry();
                } else if (entry.kind() == TarReader.Kind.FILE) {
                    put(full, TarConstants.LF_NORMAL, entry.mode(), entry.size());
                    for (int part = reader.read(chunk); part >= 0; part = reader.read(chunk)) {
                        tar.write(chunk, 0, part);
                    }
                    tar.closeArchiveEntry();
                }
            }
        }
    }

    private void copy(InputStream content) throws IOException {
        for (int part = content.read(chunk); part >= 0; part = content.read(chunk)) {
            tar.write(chunk, 0, part);
        }
        tar.closeArchiveEntry();
    }

    private void put(String name, byte type, int mode, long size) throws IOException {
        String bytes = new String(PathBytes.encode(name), StandardCharsets.ISO_8859_1);
        TarArchiveEntry entry = new TarArchiveEntry(bytes, type, true);
        // the library puts this JVM's user in
        entry.setUserName("");
        entry.setGroupName("");
        entry.setIds(0, 0);
        entry.setMode(mode);
        entry.setModTime(0);
        entry.setSize(size);
        tar.putArchiveEntry(entry);
    }
}
