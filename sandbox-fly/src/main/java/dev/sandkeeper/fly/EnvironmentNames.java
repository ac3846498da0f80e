package dev.sandkeeper.fly;

import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.http.ProviderClient;
import java.util.Set;
import java.util.regex.Pattern;

/** A POSIX shell passes on variables that it could have set itself, and drops all others. Those are refused instead. */
final class EnvironmentNames {
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    private EnvironmentNames() {}

    static void check(Set<String> names, ProviderClient client) {
        for (String name : names) {
            if (!VARIABLE.matcher(name).matches()) {
                throw new SpecInvalidException(client.failure(
                                "environment_invalid",
                                "environment: the name \"" + name + "\" must match " + VARIABLE
                                        + ": the sandbox's shell would drop it")
                        .remedy("Choose another name"));
            }
        }
    }
}
