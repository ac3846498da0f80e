package dev.sandkeeper.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.internal.ShellScripts;
import dev.sandkeeper.spi.BackendSandbox;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Scripts of ours halt everything that a user runs while they look for what has to be killed. */
class HaltTest {
    private static final String TOGETHER =
            ": >/tmp/$k; until [ -e /tmp/1 ] && [ -e /tmp/2 ] && [ -e /tmp/3 ]; do :; done; ";
    private static final String HALTING = ShellScripts.find() + ShellScripts.sweep()
            + "i=0; while [ $i -lt 600 ]; do i=$((i + 1)); __sk_halt; "
            + "for p in /proc/[0-9]*; do read -r x <$p/environ; done; __sk_continue; done; echo done";

    @RegisterExtension
    final Sandboxes sandboxes = new Sandboxes();

    @Test
    void severalAtATimeDoNotHaltEachOtherForEver() {
        String several = "exec 2>/dev/null; for k in 1 2 3; do (" + TOGETHER + HALTING + ") & done; wait";
        BackendSandbox sandbox = sandboxes.create();
        assertThat(Sandboxes.run(sandbox, Sandboxes.command(Duration.ofSeconds(60), "sh", "-c", several))
                        .out())
                .isEqualTo("done\ndone\ndone\n");
        assertThat(Sandboxes.sh(sandbox, "echo alive").out()).isEqualTo("alive\n");
    }
}
