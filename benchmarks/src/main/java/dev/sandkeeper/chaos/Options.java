package dev.sandkeeper.chaos;

import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * What a run is told.
 *
 * @param rounds how many hosts are killed
 * @param seed of all dice: the same one aims alike, but what a kill hits is up to the machine too
 * @param backend one of {@link #BACKENDS}
 * @param store one of {@link #STORES}
 * @param run marks all that the run makes
 */
record Options(int rounds, long seed, String backend, String store, String run) {
    static final Set<String> BACKENDS = Set.of("docker", "local", "memory");
    static final Set<String> STORES = Set.of("h2", "postgres", "mariadb");
    static final String USAGE =
            "--rounds N [--seed S] [--backend docker|local|memory] [--store h2|postgres|mariadb] [--run NAME]";

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException if it is not as {@link #USAGE} says
     */
    static Options parse(List<String> arguments) {
        int rounds = 0;
        long seed = new Random().nextInt(Integer.MAX_VALUE);
        String backend = "memory";
        String store = "h2";
        String run = "chaos-" + ProcessHandle.current().pid();
        for (int i = 0; i < arguments.size(); i += 2) {
            String option = arguments.get(i);
            if (!Set.of("--rounds", "--seed", "--backend", "--store", "--run").contains(option)) {
                throw new IllegalArgumentException("there is no option " + option);
            }
            if (i + 1 == arguments.size()) {
                throw new IllegalArgumentException(option + " lacks its value");
            }
            String value = arguments.get(i + 1);
            switch (option) {
                case "--rounds" -> rounds = (int) number(option, value, 1, 1_000_000);
                case "--seed" -> seed = number(option, value, 0, 999_999_999_999L);
                case "--backend" -> backend = oneOf(option, value, BACKENDS);
                case "--store" -> store = oneOf(option, value, STORES);
                default -> run = value;
            }
        }
        if (rounds == 0) {
            throw new IllegalArgumentException("how many --rounds?");
        }
        if (!run.matches("[a-z0-9-]{1,36}")) {
            throw new IllegalArgumentException("--run must be 1 to 36 of [a-z0-9-]: " + run);
        }
        return new Options(rounds, seed, backend, store, run);
    }

    private static long number(String option, String text, long least, long most) {
        if (!text.matches("[0-9]{1,12}") || Long.parseLong(text) < least || Long.parseLong(text) > most) {
            throw new IllegalArgumentException(
                    option + " must be a number from " + least + " to " + most + ": " + text);
        }
        return Long.parseLong(text);
    }

    private static String oneOf(String option, String value, Set<String> values) {
        if (!values.contains(value)) {
            throw new IllegalArgumentException(
                    option + " must be one of " + values.stream().sorted().toList() + ": " + value);
        }
        return value;
    }
}
