package dev.sandkeeper.fly;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.SandboxId;
import java.time.Instant;
import java.util.Locale;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class AppNameTest {
    @Test
    void aNameTellsPrefixDeploymentAndSandboxAndIsNoLongerThanFlyTakes() {
        String longest = "a".repeat(AppName.LONGEST_PREFIX);
        for (UUID uuid : new UUID[] {new UUID(0, 0), new UUID(-1, -1), UUID.randomUUID()}) {
            SandboxId id = new SandboxId(uuid);
            for (String prefix : new String[] {"a", "a-b", "a-", longest}) {
                AppName name = AppName.of(prefix, "d-1", id);
                assertThat(name.toString()).matches("[a-z0-9][a-z0-9-]{0,62}");
                assertThat(AppName.of(name.toString())).contains(name);
                assertThat(name.isOf(prefix, "d-1")).isTrue();
                assertThat(name.isOf(prefix, "d")).isFalse();
                assertThat(name.isOf(prefix + "x", "d-1")).isFalse();
            }
        }
        assertThat(AppName.of(longest, "d", new SandboxId(new UUID(-1, -1))).toString())
                .hasSize(63);
    }

    @Test
    void aNameTellsWhenItsSandboxWasMade() {
        long millis = 1_789_000_000_123L;
        assertThat(AppName.of("a", "d", SandboxId.generate(millis)).createdAt())
                .isEqualTo(Instant.ofEpochMilli(millis));
        assertThat(AppName.of("a", "d", new SandboxId(UUID.fromString("6f1d2c3b-0000-4000-8000-000000000000")))
                        .createdAt())
                .isEqualTo(Instant.EPOCH);
    }

    @Test
    void nothingButItsOwnNamesIsTakenForOne() {
        String good = AppName.of("a", "d", SandboxId.generate(1)).toString();
        assertThat(SandboxRef.of(good)).contains(new SandboxRef(good, null));
        assertThat(SandboxRef.of("my-app/1857156b526dd8")).contains(new SandboxRef("my-app", "1857156b526dd8"));
        for (String bad : new String[] {
            "",
            "a",
            "sandboxes-production",
            good + "0",
            good.substring(1),
            good.toUpperCase(Locale.ROOT),
            good + "/",
            good + "?x",
            "../" + good,
            "a".repeat(19) + good,
            good.substring(0, good.length() - 26) + "z".repeat(26),
            good.substring(0, good.length() - 26) + "8" + "0".repeat(25)
        }) {
            assertThat(SandboxRef.of(bad)).as(bad).isEmpty();
        }
    }
}
