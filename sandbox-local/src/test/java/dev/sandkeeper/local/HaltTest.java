package dev.sandkeeper.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.internal.ShellScripts;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scripts of ours halt everything that a user runs while they look for what has to be killed. */
class HaltTest {
    private static final String TOGETHER =
            ": >/tmp/$k; until [ -e /tmp/1 ] && [ -e /tmp/2 ] && [ -e /tmp/3 ]; do :; done; ";
    private static final String SWEEP = "for p in /proc/[0-9]*; do read -r x <$p/environ; done";

    private static String halting(int times) {
        return ShellScripts.find() + ShellScripts.sweep() + "i=0; while [ $i -lt " + times
                + " ]; do i=$((i + 1)); __sk_halt; " + SWEEP + "; __sk_continue; done; echo done";
    }

    @TempDir
    Path directory;

    private Rig rig;

    @BeforeEach
    void open() {
        rig = new Rig(directory.resolve("state"));
    }

    @AfterEach
    void leavesNothing() throws IOException {
        rig.close();
    }

    @Test
    void severalAtATimeDoNotHaltEachOtherForEver() {
        String several = "exec 2>/dev/null; for k in 1 2 3; do (" + TOGETHER + halting(600) + ") & done; wait";
        assertThat(Rig.run(rig.create(), Rig.withDeadline(several, Duration.ofSeconds(60)))
                        .text())
                .isEqualTo("done\ndone\ndone\n");
    }

    @Test
    void isNotKeptWaitingForEverByWhoeverOnlyTakesTheName() {
        String waiting =
                "exec 2>/dev/null; (echo sandkeeper-halt >/proc/self/comm; while :; do :; done) & " + halting(20);
        assertThat(Rig.run(rig.create(), Rig.withDeadline(waiting, Duration.ofSeconds(60)))
                        .text())
                .isEqualTo("done\n");
    }
}
