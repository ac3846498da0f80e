package dev.sandkeeper.internal;

import java.util.List;
import java.util.regex.Pattern;

/** Takes the records of our scripts apart. */
public final class Words {
    private static final Pattern SPACE = Pattern.compile(" ");

    private Words() {}

    /**
     * The words of a record.
     *
     * @param record words with one space between
     * @return at least one
     */
    public static List<String> of(String record) {
        return List.of(SPACE.split(record, -1));
    }
}
