package dev.sandkeeper.benchmarks;

/**
 * One of several ways to do the same.
 *
 * @param name as tables call it
 * @param operation what is timed
 */
record Variant(String name, Operation operation) {
    /** Something that can be timed. */
    @FunctionalInterface
    interface Operation {
        /**
         * Does it once, and looks at the answer.
         *
         * @param worker the number of the thread that does it, from 0
         * @throws Exception if the answer was wrong, too
         */
        void run(int worker) throws Exception;
    }
}
