package dev.sandkeeper.fly;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.zip.GZIPOutputStream;

/**
 * So much of some content as one exec holds: compressed, where that makes it more.
 *
 * @param text base64
 * @param compressed whether by gzip
 * @param length how much of the content it is
 */
record Piece(String text, boolean compressed, int length) {
    static final Piece NOTHING = new Piece("", false, 0);

    /** What is measured may be a little less than what comes. */
    private static final double CAUTION = 0.85;

    /** The beginning of some bytes, or all of them. */
    static Piece of(byte[] bytes, int offset, int length) {
        int part = length;
        while (part > Guest.PIECE) {
            byte[] zipped = zipped(bytes, offset, part);
            if (zipped.length <= Guest.PIECE) {
                return new Piece(Guest.base64(zipped, 0, zipped.length), true, part);
            }
            part = Math.max(Guest.PIECE, (int) (CAUTION * part * Guest.PIECE / zipped.length));
        }
        return part == 0 ? NOTHING : new Piece(Guest.base64(bytes, offset, part), false, part);
    }

    private static byte[] zipped(byte[] bytes, int offset, int length) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(length / 2);
        try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
            zip.write(bytes, offset, length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
