package dev.sandkeeper;

/** The one rule for environment variables. The message never has the value. */
final class EnvironmentNames {
    private EnvironmentNames() {}

    static void check(String name, String value) {
        if (name.isEmpty() || name.indexOf('=') >= 0 || name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "name of an environment variable must not be empty or have \"=\" or NUL in it: \""
                            + name.replace('\0', '?') + "\"");
        }
        if (value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("value of environment variable \"" + name + "\" has NUL in it");
        }
    }
}
