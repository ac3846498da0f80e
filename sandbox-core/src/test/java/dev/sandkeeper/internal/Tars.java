package dev.sandkeeper.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.archivers.tar.TarUtils;

/** Makes tar archives that no tar would make. */
public final class Tars {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    public Tars file(String name, String content) {
        return entry(name, TarConstants.LF_NORMAL, content.getBytes(StandardCharsets.ISO_8859_1), 0644, "");
    }

    public Tars script(String name, String content) {
        return entry(name, TarConstants.LF_NORMAL, content.getBytes(StandardCharsets.ISO_8859_1), 06755, "");
    }

    public Tars directory(String name) {
        return entry(name, TarConstants.LF_DIR, new byte[0], 0755, "");
    }

    public Tars link(String name, String target) {
        return entry(name, TarConstants.LF_SYMLINK, new byte[0], 0777, target);
    }

    public Tars hardLink(String name, String target) {
        return entry(name, TarConstants.LF_LINK, new byte[0], 0644, target);
    }

    public Tars special(String name, byte type) {
        return entry(name, type, new byte[0], 0644, "");
    }

    private Tars entry(String name, byte type, byte[] content, int mode, String link) {
        TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
        entry.setLinkName(link);
        entry.setMode(mode);
        entry.setSize(content.length);
        try {
            ByteArrayOutputStream one = new ByteArrayOutputStream();
            TarArchiveOutputStream tar = new TarArchiveOutputStream(one, "ISO-8859-1");
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
            tar.putArchiveEntry(entry);
            tar.write(content);
            tar.closeArchiveEntry();
            tar.flush();
            bytes.writeBytes(one.toByteArray());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return this;
    }

    /** A header by hand, with whatever size it states and nothing behind it. */
    public Tars header(String name, char type, long size) {
        byte[] header = new byte[512];
        byte[] text = name.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(text, 0, header, 0, Math.min(100, text.length));
        TarUtils.formatLongOctalBytes(0644, header, 100, 8);
        TarUtils.formatLongOctalOrBinaryBytes(size, header, 124, 12);
        header[156] = (byte) type;
        Arrays.fill(header, 148, 156, (byte) ' ');
        TarUtils.formatCheckSumOctalBytes(TarUtils.computeCheckSum(header), header, 148, 8);
        return raw(header);
    }

    public Tars raw(byte[] raw) {
        bytes.writeBytes(raw);
        return this;
    }

    public byte[] end() {
        return raw(new byte[10240]).bytes.toByteArray();
    }

    public byte[] cut() {
        return bytes.toByteArray();
    }
}
