package dev.sandkeeper.conformance;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a program here was told: a provider, then options, each with a value. */
final class Arguments {
    private final Provider provider;
    private final Map<String, String> options;

    private Arguments(Provider provider, Map<String, String> options) {
        this.provider = provider;
        this.options = options;
    }

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException if it is none
     */
    static Arguments parse(List<String> arguments, Set<String> known) {
        if (arguments.isEmpty()) {
            throw new IllegalArgumentException("which provider? One of " + Providers.names());
        }
        Provider provider = Providers.find(arguments.get(0))
                .orElseThrow(() -> new IllegalArgumentException(
                        "there is no simulator of " + arguments.get(0) + ", but of " + Providers.names()));
        Map<String, String> options = new HashMap<>();
        for (int i = 1; i < arguments.size(); i += 2) {
            if (!known.contains(arguments.get(i)) || i + 1 == arguments.size()) {
                throw new IllegalArgumentException(
                        "there is no option " + arguments.get(i) + ", or it lacks its value");
            }
            options.put(arguments.get(i), arguments.get(i + 1));
        }
        return new Arguments(provider, options);
    }

    Provider provider() {
        return provider;
    }

    Optional<String> text(String option) {
        return Optional.ofNullable(options.get(option));
    }

    Path path(String option) {
        return Path.of(text(option).orElseThrow(() -> new IllegalArgumentException(option + " is missing")))
                .toAbsolutePath();
    }

    int port() {
        String text = text("--port").orElse("0");
        if (!text.matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException("--port must be a number from 0 to 65535: " + text);
        }
        return Integer.parseInt(text);
    }

    String backing(String usual) {
        String name = text("--backend").orElse(usual);
        if (!Backings.NAMES.contains(name)) {
            throw new IllegalArgumentException("--backend must be docker or local: " + name);
        }
        return name;
    }
}
