package dev.sandkeeper.benchmarks;

/**
 * A way to get from nothing to a command's answer.
 *
 * @param name as tables call it
 * @param making does it
 */
record Maker(String name, Making making) {
    /** Makes something that runs commands, and runs one. */
    @FunctionalInterface
    interface Making {
        Made make() throws Exception;
    }

    /** Removes what was made. */
    @FunctionalInterface
    interface Removal {
        void run() throws Exception;
    }

    /**
     * What was made.
     *
     * @param answer of {@code echo here}
     * @param removal removes it
     */
    record Made(Ran answer, Removal removal) {}

    /**
     * How long it took, in nanoseconds.
     *
     * @param interactive until the answer
     * @param gone from then until nothing was left
     */
    record Timed(long interactive, long gone) {}

    Timed once() throws Exception {
        long started = System.nanoTime();
        Made made = making.make();
        long answered = System.nanoTime();
        made.answer().expect(0, "here\n", "");
        long removing = System.nanoTime();
        made.removal().run();
        return new Timed(answered - started, System.nanoTime() - removing);
    }
}
