package dev.sandkeeper.docker;

import java.util.List;
import java.util.regex.Pattern;

/** Takes the records of our scripts apart. */
final class Words {
    private static final Pattern SPACE = Pattern.compile(" ");

    private Words() {}

    static List<String> of(String record) {
        return List.of(SPACE.split(record, -1));
    }
}
