package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
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
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

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

        /** What the provider makes of an end that it is asked for. */
        UnaryOperator<Instant> grants = until -> until;

        @Nullable
        Instant latest;

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
            return grants.apply(until);
        }

        @Override
        public Optional<Instant> latestEnd(String providerRef) {
            return Optional.ofNullable(latest);
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
        Instant longest = rig.clock.instant().plus(Duration.ofMinutes(20));
        backend.grants = until -> longest;
        assertThat(manager.renew(sandbox.id(), Duration.ofDays(3))).isEqualTo(longest);
        assertThat(sandbox.info().expiresAt()).contains(longest);
    }

    @Test
    void thatWillNeverBeGrantedShortensARenewalBeyondTheHorizon() {
        Noting backend = backend();
        SandboxManager manager = manager(backend);
        Sandbox sandbox = manager.create(spec().build());
        backend.latest = rig.clock.instant().plus(Duration.ofHours(24));
        assertThat(manager.renew(sandbox.id(), Duration.ofDays(400))).isEqualTo(backend.latest);
        assertThat(sandbox.info().expiresAt()).contains(backend.latest);
        Instant end = rig.clock.instant().plus(Duration.ofHours(23));
        assertThat(manager.renew(sandbox.id(), Duration.ofHours(23))).isEqualTo(end);
        assertThat(sandbox.info().expiresAt()).contains(end);
    }

    /** As providers do that count whole seconds, from when they hear of it. */
    static List<Named<UnaryOperator<Instant>>> almost() {
        return List.of(
                Named.of("floored to seconds", until -> until.truncatedTo(ChronoUnit.SECONDS)),
                Named.of("a second less", until -> until.minusSeconds(1)),
                Named.of("a minute and a half less", until -> until.minusSeconds(90)));
    }

    @ParameterizedTest
    @MethodSource("almost")
    void thatIsAlmostGrantedDoesNotShortenARenewal(UnaryOperator<Instant> grants) {
        rig.clock.advance(Duration.ofMillis(987));
        Noting backend = backend();
        backend.grants = grants;
        SandboxManager manager = manager(backend);
        Sandbox sandbox = manager.create(spec().timeToLive(Duration.ofHours(3)).build());
        for (Duration life : List.of(Duration.ofHours(2), Duration.ofMinutes(58), Duration.ofMinutes(20))) {
            Instant end = rig.clock.instant().plus(life);
            assertThat(manager.renew(sandbox.id(), life)).isEqualTo(end);
            assertThat(sandbox.info().expiresAt()).contains(end);
        }
    }

    @ParameterizedTest
    @MethodSource("almost")
    void thatIsAlmostGrantedIsMovedWithoutAWarning(UnaryOperator<Instant> grants) {
        rig.clock.advance(Duration.ofMillis(987));
        Noting backend = backend();
        backend.grants = grants;
        SandboxManager manager = manager(backend);
        manager.create(spec().retention(Retention.PERMANENT).build());
        rig.clock.advance(HORIZON.dividedBy(2));
        int told = backend.ends.size();
        assertThat(warnings(() -> manager.cleanup().run())).isEmpty();
        assertThat(backend.ends).hasSize(told + 1);
    }

    @Test
    void thatIsRefusedIsWarnedOfAndShortensNoRowByItself() {
        Noting backend = backend();
        SandboxManager manager = manager(backend);
        Sandbox sandbox = manager.create(spec().timeToLive(Duration.ofHours(3)).build());
        Instant end = sandbox.info().expiresAt().orElseThrow();
        rig.clock.advance(HORIZON.dividedBy(2));
        backend.grants = until -> until.minus(Duration.ofMinutes(6));
        assertThat(warnings(() -> manager.cleanup().run()))
                .singleElement(STRING)
                .contains("grants it no longer than");
        assertThat(sandbox.info().expiresAt()).contains(end);
    }

    private static List<String> warnings(Runnable action) {
        Logger logger = (Logger) LoggerFactory.getLogger("dev.sandkeeper.cleanup");
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            action.run();
        } finally {
            logger.detachAppender(log);
        }
        return log.list.stream()
                .filter(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
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
