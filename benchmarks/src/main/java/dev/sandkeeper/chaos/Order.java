package dev.sandkeeper.chaos;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a host is told before it lives.
 *
 * @param marks where it marks its phases
 * @param log where it writes down its deeds
 * @param seed of its dice
 * @param target the phase in which it must tell that it is; null for none
 * @param time the how-manieth time that it enters it, from 1
 * @param rehearsal whether it is to end by itself, in good order, after a few seconds
 */
record Order(Path marks, Path log, long seed, @Nullable Phase target, int time, boolean rehearsal) {
    String line() {
        return String.join(
                "\t",
                marks.toString(),
                log.toString(),
                Long.toString(seed),
                target == null ? "-" : target.name(),
                Integer.toString(time),
                Boolean.toString(rehearsal));
    }

    static Order parse(String line) {
        String[] words = line.split("\t", -1);
        return new Order(
                Path.of(words[0]),
                Path.of(words[1]),
                Long.parseLong(words[2]),
                words[3].equals("-") ? null : Phase.valueOf(words[3]),
                Integer.parseInt(words[4]),
                Boolean.parseBoolean(words[5]));
    }
}
