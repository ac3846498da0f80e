package dev.sandkeeper.daytona;

/** Words for a shell. */
final class ShellQuote {
    private ShellQuote() {}

    static String of(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }
}
