package dev.sandkeeper;

/**
 * An amount of memory or disk. Units are binary: a megabyte has 1,048,576 bytes.
 *
 * @param bytes more than 0
 */
public record MemorySize(long bytes) implements Comparable<MemorySize> {
    /**
     * Refuses what is not positive.
     *
     * @throws IllegalArgumentException if {@code bytes} is 0 or less
     */
    public MemorySize {
        if (bytes <= 0) {
            throw new IllegalArgumentException("size must be more than 0 bytes: " + bytes);
        }
    }

    /**
     * So many bytes.
     *
     * @param count more than 0
     * @return the size
     */
    public static MemorySize bytes(long count) {
        return new MemorySize(count);
    }

    /**
     * So many kilobytes of 1,024 bytes.
     *
     * @param count more than 0
     * @return the size
     */
    public static MemorySize kilobytes(long count) {
        return scaled(count, 1L << 10, "kilobytes");
    }

    /**
     * So many megabytes of 1,048,576 bytes.
     *
     * @param count more than 0
     * @return the size
     */
    public static MemorySize megabytes(long count) {
        return scaled(count, 1L << 20, "megabytes");
    }

    /**
     * So many gigabytes of 1,073,741,824 bytes.
     *
     * @param count more than 0
     * @return the size
     */
    public static MemorySize gigabytes(long count) {
        return scaled(count, 1L << 30, "gigabytes");
    }

    private static MemorySize scaled(long count, long unit, String name) {
        if (count <= 0 || count > Long.MAX_VALUE / unit) {
            throw new IllegalArgumentException(
                    "size must be from 1 to " + Long.MAX_VALUE / unit + " " + name + ": " + count);
        }
        return new MemorySize(count * unit);
    }

    @Override
    public int compareTo(MemorySize other) {
        return Long.compare(bytes, other.bytes);
    }

    /** The size in its largest whole unit, such as {@code 512 MB}. */
    @Override
    public String toString() {
        String[] units = {"B", "KB", "MB", "GB"};
        long count = bytes;
        int unit = 0;
        while (unit < units.length - 1 && count % 1024 == 0) {
            count /= 1024;
            unit++;
        }
        return count + " " + units[unit];
    }
}
