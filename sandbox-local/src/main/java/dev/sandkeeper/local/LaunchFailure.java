package dev.sandkeeper.local;

/** The first process of a sandbox did not come to life; the message is what the programs involved have said. */
final class LaunchFailure extends Exception {
    private static final long serialVersionUID = 1L;

    LaunchFailure(String said) {
        super(said.isBlank() ? "its programs ended without a word" : said.strip());
    }
}
