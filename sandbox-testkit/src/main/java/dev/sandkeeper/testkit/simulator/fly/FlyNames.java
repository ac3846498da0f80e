package dev.sandkeeper.testkit.simulator.fly;

import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import java.time.Clock;
import java.time.Instant;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/** Makes ids in the shapes of Fly's, and tells its time. Safe from many threads. */
final class FlyNames {
    private static final String CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    private final Clock clock;
    private final SimulatorFaults faults;

    FlyNames(Clock clock, SimulatorFaults faults) {
        this.clock = clock;
        this.faults = faults;
    }

    /** What time it really is. */
    Instant now() {
        return clock.instant();
    }

    /** What the service takes a moment for, if its clock is off. */
    Instant told(Instant moment) {
        return moment.plus(faults.clockSkew());
    }

    /** 14 digits of hexadecimal. */
    String machineId() {
        byte[] bytes = new byte[7];
        ThreadLocalRandom.current().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** 26 characters, of which the first ten tell the time. */
    String ulid() {
        StringBuilder text = new StringBuilder(26);
        long time = told(now()).toEpochMilli();
        for (int shift = 45; shift >= 0; shift -= 5) {
            text.append(CROCKFORD.charAt((int) (time >> shift) & 31));
        }
        while (text.length() < 26) {
            text.append(CROCKFORD.charAt(ThreadLocalRandom.current().nextInt(32)));
        }
        return text.toString();
    }

    String word(int length) {
        StringBuilder text = new StringBuilder(length);
        while (text.length() < length) {
            text.append("abcdefghijklmnopqrstuvwxyz0123456789"
                    .charAt(ThreadLocalRandom.current().nextInt(36)));
        }
        return text.toString();
    }
}
