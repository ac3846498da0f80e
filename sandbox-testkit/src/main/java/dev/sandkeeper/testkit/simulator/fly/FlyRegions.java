package dev.sandkeeper.testkit.simulator.fly;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Chooses a region from a list of preferences: codes, areas and {@code any}, separated by commas. */
final class FlyRegions {
    private static final Map<String, List<String>> AREAS = Map.of(
            "apac", List.of("nrt", "sin", "syd", "bom"),
            "eu", List.of("ams", "arn", "cdg", "fra", "lhr"),
            "na", List.of("dfw", "ewr", "iad", "lax", "ord", "sjc", "yyz"),
            "sa", List.of("gru"),
            "us", List.of("dfw", "ewr", "iad", "lax", "ord", "sjc"),
            "usa", List.of("dfw", "ewr", "iad", "lax", "ord", "sjc"));

    private FlyRegions() {}

    static String choose(String wanted, Set<String> regions, Map<String, FlyNoRoom> full) {
        List<String> candidates = new ArrayList<>();
        String[] words = wanted.isEmpty() ? new String[] {"any"} : wanted.split(",", -1);
        for (int i = 0; i < words.length; i++) {
            String word = words[i].strip();
            if (word.equals("any")) {
                candidates.addAll(regions);
            } else if (AREAS.containsKey(word)) {
                AREAS.get(word).stream().filter(regions::contains).forEach(candidates::add);
            } else if (regions.contains(word)) {
                candidates.add(word);
            } else if (i == 0) {
                throw FlyRefusal.invalid("target region " + word + " not found");
            }
        }
        for (String region : candidates) {
            if (!full.containsKey(region)) {
                return region;
            }
        }
        FlyNoRoom why = candidates.isEmpty() ? FlyNoRoom.REGION_FULL : full.get(candidates.get(0));
        throw (why == null ? FlyNoRoom.REGION_FULL : why).refusal();
    }
}
