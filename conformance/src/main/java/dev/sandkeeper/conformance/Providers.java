package dev.sandkeeper.conformance;

import java.util.List;
import java.util.Optional;

/** The providers that have a simulator. */
final class Providers {
    private static final List<Provider> ALL = List.of(new DaytonaProvider(), new E2bProvider(), new FlyProvider());

    private Providers() {}

    static Optional<Provider> find(String name) {
        return ALL.stream().filter(each -> each.name().equals(name)).findFirst();
    }

    static List<String> names() {
        return ALL.stream().map(Provider::name).toList();
    }
}
