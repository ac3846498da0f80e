package dev.sandkeeper.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AimTest {
    @Test
    void missesAPhaseThatFewerThanATwentiethOfTheKillsHaveHit() {
        Aim aim = new Aim(40);
        for (Phase phase : Phase.values()) {
            aim.hit(EnumSet.of(phase));
        }
        assertThat(aim.missed()).containsExactly(Phase.values());
        aim.hit(EnumSet.complementOf(EnumSet.of(Phase.CLAIM)));
        assertThat(aim.missed()).containsExactly(Phase.CLAIM);
        aim.hit(Set.of(Phase.CLAIM));
        assertThat(aim.missed()).isEmpty();
        assertThat(aim).hasToString("create:2,exec:2,renew:2,claim:2,destroy:2,archive:2,sweep:2");
    }

    @Test
    void aimsAtWhatIsMissing() {
        Aim aim = new Aim(200);
        for (int i = 0; i < 10; i++) {
            aim.hit(EnumSet.complementOf(EnumSet.of(Phase.RENEW)));
        }
        Random random = new Random(1);
        for (int i = 0; i < 50; i++) {
            assertThat(aim.choose(random)).isIn(null, Phase.RENEW);
        }
    }

    @Test
    void hasMoreRoundsThanItWasGivenOnlyWhileAPhaseIsMissing() {
        Aim aim = new Aim(2);
        for (int i = 0; i < 3; i++) {
            assertThat(aim.begin()).isTrue();
        }
        aim.hit(EnumSet.allOf(Phase.class));
        assertThat(aim.begin()).isFalse();
        assertThat(aim.begun()).isEqualTo(3);
        Aim blind = new Aim(2);
        for (int i = 0; i < 12; i++) {
            assertThat(blind.begin()).isTrue();
        }
        assertThat(blind.begin()).isFalse();
        assertThat(blind.missed()).containsExactly(Phase.values());
    }
}
