package dev.sandkeeper.fly;

import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.internal.ShellVariables;
import java.util.Set;

/** A Machine's shell hands variables on, and would drop some or fail at them. Those are refused instead. */
final class EnvironmentNames {
    private static final String REMEDY = "Choose another name";

    private EnvironmentNames() {}

    /** Of a Machine, whose shells all start with them. */
    static void check(Set<String> names, ProviderClient client) {
        for (String name : names) {
            if (!ShellVariables.canBeInherited(name)) {
                throw new SpecInvalidException(client.failure(
                                "environment_invalid",
                                "environment: the name \"" + name + "\" must " + ShellVariables.RULE)
                        .remedy(REMEDY));
            }
        }
    }

    /** Of a command. */
    static void checkCommand(Set<String> names, ProviderClient client) {
        for (String name : names) {
            if (!ShellVariables.canBeExported(name)) {
                throw new CommandNotStartableException(client.failure(
                                "environment_name_refused",
                                "the name \"" + name + "\" of an environment variable must " + ShellVariables.RULE)
                        .remedy(REMEDY));
            }
        }
    }
}
