package dev.sandkeeper.chaos;

import java.util.Arrays;
import java.util.List;

/**
 * One line of what a host writes down about itself: before it does something, or after it was acknowledged.
 *
 * @param kind what
 * @param words what the kind says
 */
record Deed(Kind kind, List<String> words) {
    /** What there is to write down, and the words behind it. Ends are of the store's clock, in milliseconds. */
    enum Kind {
        /** A create was acknowledged: id, end. */
        CREATED,
        /** A renewal was acknowledged: id, end. */
        RENEWED,
        /** The application is about to destroy it: id. */
        DESTROYING,
        /** A command is about to run: id, its number, the monotonic time in nanoseconds by which it must have ended; or 0. */
        EXEC,
        /** The store has given the right to clean: id, fence. */
        CLAIMED,
        /** The provider is about to be asked to destroy: id, fence, monotonic time in nanoseconds. */
        DESTROY,
        /** A resource without a row is about to be made: id. */
        ORPHAN,
        /** Something failed that must not: what. */
        ERROR
    }

    static Deed of(Kind kind, Object... words) {
        return new Deed(kind, Arrays.stream(words).map(String::valueOf).toList());
    }

    static Deed parse(String line) {
        String[] words = line.split(" ", -1);
        return new Deed(Kind.valueOf(words[0]), List.of(words).subList(1, words.length));
    }

    String line() {
        return kind + " " + String.join(" ", words).replaceAll("\\s+", " ") + "\n";
    }

    String word(int index) {
        return words.get(index);
    }

    long number(int index) {
        return Long.parseLong(words.get(index));
    }
}
