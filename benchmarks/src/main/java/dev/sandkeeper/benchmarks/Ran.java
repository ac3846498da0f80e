package dev.sandkeeper.benchmarks;

/**
 * What became of a command.
 *
 * @param exitCode its exit code
 * @param stdout its output
 * @param stderr its other output
 */
record Ran(int exitCode, String stdout, String stderr) {
    void expect(int code, String out, String err) {
        if (exitCode != code || !stdout.equals(out) || !stderr.equals(err)) {
            throw new IllegalStateException(
                    "wanted Ran[exitCode=" + code + ", stdout=" + out + ", stderr=" + err + "], got " + this);
        }
    }
}
