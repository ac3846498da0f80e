package dev.sandkeeper;

/**
 * How large a terminal is, in characters.
 *
 * @param columns from 1 to 65,535
 * @param rows from 1 to 65,535
 */
public record TerminalSize(int columns, int rows) {
    private static final int LARGEST = 65_535;

    /** Checks both. */
    public TerminalSize {
        check("columns", columns);
        check("rows", rows);
    }

    private static void check(String field, int value) {
        if (value < 1 || value > LARGEST) {
            throw new IllegalArgumentException(field + " must be from 1 to " + LARGEST + ": " + value
                    + ". Give what the user's window shows, or 80 columns and 24 rows");
        }
    }
}
