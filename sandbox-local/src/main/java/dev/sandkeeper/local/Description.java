package dev.sandkeeper.local;

import dev.sandkeeper.Lifetime;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is written down of a sandbox: first what is intended, then what runs.
 *
 * @param createdAt when the row was made
 * @param boot the host's start in which it lives
 * @param creator the JVM that makes it
 * @param holder the first process of its process namespace; null until it runs
 * @param lifetime what it is tied to
 * @param uid the user on the host that its processes run as
 * @param ownNetwork whether it has a network namespace of its own
 * @param limits what every command gets
 */
record Description(
        Instant createdAt,
        String boot,
        ProcessIdentity creator,
        @Nullable ProcessIdentity holder,
        Lifetime lifetime,
        int uid,
        boolean ownNetwork,
        Limits limits) {

    Description running(ProcessIdentity process) {
        return new Description(createdAt, boot, creator, process, lifetime, uid, ownNetwork, limits);
    }

    Description withUid(int other) {
        return new Description(createdAt, boot, creator, holder, lifetime, other, ownNetwork, limits);
    }

    /** Whether its processes run: proved by number, start time and the host's start. */
    boolean alive(String currentBoot) {
        return holder != null && boot.equals(currentBoot) && holder.alive();
    }

    /** Whether it may still come to life. */
    boolean beingMade(String currentBoot) {
        return holder == null && boot.equals(currentBoot) && creator.alive();
    }

    String format() {
        return "version=1\ncreated=" + createdAt.toEpochMilli() + "\nboot=" + boot + "\ncreator=" + creator
                + (holder == null ? "" : "\nholder=" + holder) + "\nlifetime=" + lifetime + "\nuid=" + uid
                + "\nownNetwork=" + ownNetwork + "\nlimits=" + limits.format() + "\n";
    }

    /** Reads what {@link #format} wrote, or answers null if it is not whole. */
    static @Nullable Description parse(@Nullable String text) {
        if (text == null) {
            return null;
        }
        Map<String, String> values = new HashMap<>();
        text.lines().forEach(line -> {
            int end = line.indexOf('=');
            if (end > 0) {
                values.put(line.substring(0, end), line.substring(end + 1));
            }
        });
        try {
            String holder = values.get("holder");
            return new Description(
                    Instant.ofEpochMilli(Long.parseLong(required(values, "created"))),
                    required(values, "boot"),
                    ProcessIdentity.parse(required(values, "creator")),
                    holder == null ? null : ProcessIdentity.parse(holder),
                    Lifetime.valueOf(required(values, "lifetime")),
                    Integer.parseInt(required(values, "uid")),
                    Boolean.parseBoolean(required(values, "ownNetwork")),
                    Limits.parse(required(values, "limits")));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            return null;
        }
    }

    private static String required(Map<String, String> values, String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("\"" + name + "\" is missing");
        }
        return value;
    }
}
