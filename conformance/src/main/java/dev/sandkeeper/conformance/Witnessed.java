package dev.sandkeeper.conformance;

/**
 * What an SDK said of a call.
 *
 * @param call the method, and in brackets which use of it
 * @param outcome an error's class, or a word for the result
 * @param passed whether that came of it
 * @param detail what came instead; empty if it passed
 */
record Witnessed(String call, String outcome, boolean passed, String detail) {
    String pair() {
        return call + " -> " + outcome;
    }
}
