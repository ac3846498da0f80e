package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.Retention;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.cleanup.CleanupReport;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.ForwardingBackend;
import dev.sandkeeper.testkit.InMemoryBackend;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The end that a provider keeps itself is moved while a sandbox lives, and is never far ahead. */
class ProviderEndTest {
    private static final Duration HORIZON = Duration.ofHours(1);
    private static final Duration LATER = Duration.ofMinutes(5);
    private static final Duration CREATE_TIMEOUT = Duration.ofMinutes(1);

    private final Rig rig = new Rig();

    @AfterEach
    void close() {
        rig.close();
    }

    /** Notes what the provider is told. */
    private static final class Noting extends ForwardingBackend {
        final List<Instant> ends = new ArrayList<>();

        @Nullable
        Instant longest;

        boolean down;

        Noting(SandboxBackend delegate) {
            super(delegate);
        }

        @Override
        public BackendSandbox create(ProvisionRequest request) {
            ends.add(request.expiresAt());
            return super.create(request);
        }

        @Override
        public Instant extend(String providerRef, Instant until) {
            if (down) {
                throw new BackendUnavailableException(Failure.of("down", "nobody answers"));
            }
            ends.add(until);
            return longest == null || until.isBefore(longest) ? until : longest;
        }

        Instant last() {
            return ends.get(ends.size() - 1);
        }
    }

    private Noting backend() {
        return new Noting(InMemoryBackend.builder(rig.provider).build());
    }

    private SandboxManager manager(Noting backend) {
        return rig.manager(
                any -> backend,
                Rig.manual().reviewInterval(HORIZON.multipliedBy(4)).build());
    }

    private static SandboxSpec.Builder spec() {
        return SandboxSpec.builder().createTimeout(CREATE_TIMEOUT);
    }

    private Instant due(SandboxId id) {
        return rig.store().rows().find(id).orElseThrow().dueAt();
    }

    @Test
    void isALittleAfterTheRowsEndWhereThatIsNear() {
        Noting backend = backend();
        Duration life = Duration.ofMinutes(10);
        manager(backend).create(spec().timeToLive(life).build());
        assertThat(backend.last()).isEqualTo(rig.clock.instant().plus(life).plus(LATER));
    }

    @Test
    void ofASandboxThatStaysForEverIsMovedEachHalfHorizonAndNeverFurtherAhead() {
        Noting backend = backend();
        SandboxManager manager = manager(backend);
        Instant created = rig.clock.instant();
        Sandbox sandbox = manager.create(spec().retention(Retention.PERMANENT).build());
        assertThat(backend.last()).isEqualTo(created.plus(CREATE_TIMEOUT).plus(HORIZON));
        for (int i = 1; i <= 5; i++) {
            assertThat(due(sandbox.id())).isEqualTo(rig.clock.instant().plus(HORIZON.dividedBy(2)));
            rig.clock.advance(HORIZON.dividedBy(2));
            CleanupReport report = manager.cleanup().run();
            assertThat(report.cleaned()).isZero();
            assertThat(backend.ends).hasSize(i + 1);
            assertThat(backend.last()).isEqualTo(rig.clock.instant().plus(HORIZON));
        }
    }

    @Test
    void thatCouldNotBeMovedIsTriedAgainLongBeforeItComes() {
        Noting backend = backend();
        SandboxManager manager = manager(backend);
        Sandbox sandbox = manager.create(spec().retention(Retention.PERMANENT).build());
        rig.clock.advance(HORIZON.dividedBy(2));
        backend.down = true;
        manager.cleanup().run();
        assertThat(due(sandbox.id())).isEqualTo(rig.clock.instant().plus(HORIZON.dividedBy(20)));
        backend.down = false;
        rig.clock.advance(HORIZON.dividedBy(20));
        manager.cleanup().run();
        assertThat(backend.last()).isEqualTo(rig.clock.instant().plus(HORIZON));
        assertThat(due(sandbox.id())).isEqualTo(rig.clock.instant().plus(HORIZON.dividedBy(2)));
    }

    @Test
    void doesNotShortenARenewalThatReachesBeyondTheHorizon() {
        Noting backend = backend();
        SandboxManager manager = manager(backend);
        Sandbox sandbox = manager.create(spec().build());
        Instant end = manager.renew(sandbox.id(), Duration.ofDays(3));
        assertThat(end).isEqualTo(rig.clock.instant().plus(Duration.ofDays(3)));
        assertThat(backend.last()).isEqualTo(rig.clock.instant().plus(HORIZON));
    }

    @Test
    void thatIsGrantedForLessShortensARenewal() {
        Noting backend = backend();
        SandboxManager manager = manager(backend);
        Sandbox sandbox = manager.create(spec().build());
        backend.longest = rig.clock.instant().plus(Duration.ofMinutes(20));
        assertThat(manager.renew(sandbox.id(), Duration.ofDays(3))).isEqualTo(backend.longest);
        assertThat(sandbox.info().expiresAt()).contains(backend.longest);
    }

    @Test
    void isNotMovedWhileASandboxIsPausedAndAtOnceWhenItRunsAgain() {
        Noting backend = backend();
        SandboxManager manager = manager(backend);
        Sandbox sandbox = manager.create(spec().retention(Retention.PERMANENT).build());
        sandbox.pause();
        int told = backend.ends.size();
        rig.clock.advance(HORIZON.multipliedBy(3));
        manager.cleanup().run();
        assertThat(backend.ends).hasSize(told);
        sandbox.resume();
        manager.cleanup().run();
        assertThat(backend.ends).hasSize(told + 1);
        assertThat(backend.last()).isEqualTo(rig.clock.instant().plus(HORIZON));
    }

    @Test
    void ofAnAdoptedResourceIsMovedAtOnce() {
        Noting backend = backend();
        SandboxManager manager = manager(backend);
        Sandbox made = manager.create(spec().build());
        String ref = made.info().providerRef().orElseThrow();
        made.detach();
        rig.sql("DELETE FROM sandkeeper_sandbox");
        int told = backend.ends.size();
        manager.adopt(backend.name(), ref, spec().retention(Retention.PERMANENT).build());
        manager.cleanup().run();
        assertThat(backend.ends).hasSize(told + 1);
    }
}
