package dev.sandkeeper.docker;

import java.util.Set;
import java.util.regex.Pattern;

/** A POSIX shell passes on variables that it could have set itself, and drops all others. Those are refused instead. */
final class EnvironmentCheck {
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    private EnvironmentCheck() {}

    static void check(Set<String> names, Faults faults) {
        for (String name : names) {
            if (!VARIABLE.matcher(name).matches()) {
                throw faults.invalid(
                        "environment",
                        "the name \"" + name + "\" must match " + VARIABLE + ": the sandbox's shell would drop it",
                        "Choose another name");
            }
        }
    }
}
