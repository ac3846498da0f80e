package dev.sandkeeper.fly;

import dev.sandkeeper.http.ProviderClient;
import java.util.concurrent.TimeUnit;

/** Waits between two looks. */
final class Pause {
    private Pause() {}

    /** Throws, flag set, if it is interrupted. */
    static void millis(long millis, ProviderClient client, String what) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            throw client.interrupted(what, e);
        }
    }
}
