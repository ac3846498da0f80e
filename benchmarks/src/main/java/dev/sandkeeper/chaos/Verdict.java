package dev.sandkeeper.chaos;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was found wrong, each thing once. Safe from many threads. */
final class Verdict {
    /**
     * Something that is wrong now.
     *
     * @param fault which promise is broken
     * @param subject of what: the same subject counts once for a fault
     * @param text what is wrong with it
     */
    record Finding(Fault fault, String subject, String text) {}

    private final Map<Fault, Map<String, String>> faults = new EnumMap<>(Fault.class);

    /** Adds it, and answers whether it is new. */
    synchronized boolean add(Finding finding) {
        return faults.computeIfAbsent(finding.fault(), key -> new LinkedHashMap<>())
                        .putIfAbsent(finding.subject(), finding.text())
                == null;
    }

    synchronized boolean contains(Finding finding) {
        return faults.getOrDefault(finding.fault(), Map.of()).containsKey(finding.subject());
    }

    synchronized int count(Fault fault) {
        return faults.getOrDefault(fault, Map.of()).size();
    }

    synchronized boolean clean() {
        return faults.isEmpty();
    }

    synchronized List<String> lines() {
        return faults.entrySet().stream()
                .flatMap(each -> each.getValue().entrySet().stream()
                        .map(one -> each.getKey() + " " + one.getKey() + ": " + one.getValue()))
                .toList();
    }
}
