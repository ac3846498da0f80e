package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Creating, finding, connecting to and destroying. */
abstract class LifecycleContract extends ContractSetup {
    /** For subclasses. */
    LifecycleContract() {}

    @Test
    void hasANameAndCapabilitiesThatDoNotChange() {
        assertThat(first().name()).isNotBlank().hasSizeLessThanOrEqualTo(64);
        assertThat(another().name()).isEqualTo(first().name());
        assertThat(first().capabilities()).isEqualTo(first().capabilities());
        assertThatThrownBy(() -> first().capabilities().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void isHealthy() {
        assertThat(first().health().usable()).as(first().health().detail()).isTrue();
        assertThat(first().health().detail()).isNotBlank();
        assertThat(first().createSettlesWithin()).isPositive();
    }

    @Test
    void createsASandboxThatTakesCommandsAtOnce() {
        assertThat(sandbox().providerRef()).isNotEmpty().hasSizeLessThanOrEqualTo(255);
        assertThat(first().state(sandbox().providerRef())).isEqualTo(ProviderState.PRESENT);
        assertThat(shell("echo hello").text()).isEqualTo("hello\n");
        assertThat(sandbox().files()).isSameAs(sandbox().files());
    }

    @Test
    void findsASandboxByOurIdAndInItsDeploymentOnly() {
        ProvisionRequest request = request();
        assertThat(first().find(deployment(), request.sandboxId())).isEmpty();
        String ref = first().create(request).providerRef();
        assertThat(first().find(deployment(), request.sandboxId())).contains(ref);
        assertThat(another().find(deployment(), request.sandboxId())).contains(ref);
        assertThat(first().find(deployment() + "x", request.sandboxId())).isEmpty();
        assertThat(first().find(deployment(), SandboxId.generate(1))).isEmpty();
    }

    @Test
    void connectsToASandboxThatAnotherJvmHasCreated() {
        files().write("/workspace/note", new ByteArrayInputStream("here".getBytes(StandardCharsets.UTF_8)), -1);
        try (BackendSandbox connected = another().attach(sandbox().providerRef())) {
            assertThat(connected.providerRef()).isEqualTo(sandbox().providerRef());
            assertThat(start(connected, script("cat note"), new Output())
                            .awaitEnd()
                            .text())
                    .isEqualTo("here");
        }
        assertThat(shell("echo goes on").text()).isEqualTo("goes on\n");
    }

    @Test
    void destroysCompletelyAndAnyNumberOfTimes() {
        ProvisionRequest request = request();
        String ref = first().create(request).providerRef();
        first().destroy(ref);
        assertThat(first().state(ref)).isEqualTo(ProviderState.GONE);
        assertThat(first().find(deployment(), request.sandboxId())).isEmpty();
        assertThat(first().listOwned(deployment()).resources()).isEmpty();
        assertThat(first().usage(ref)).isEmpty();
        assertThatCode(() -> first().destroy(ref)).doesNotThrowAnyException();
        assertThatCode(() -> another().destroy(ref)).doesNotThrowAnyException();
        assertThatThrownBy(() -> first().attach(ref)).isInstanceOf(SandboxGoneException.class);
    }

    @Test
    void isDestroyedByManyAtTheSameTime() {
        String ref = sandbox().providerRef();
        SandboxBackend other = another();
        atOnce(List.of(
                () -> first().destroy(ref),
                () -> first().destroy(ref),
                () -> other.destroy(ref),
                () -> other.destroy(ref)));
        assertThat(first().state(ref)).isEqualTo(ProviderState.GONE);
    }

    @Test
    void endsCommandsOfADestroyedSandboxWithoutMakingUpAnExitCode() {
        Running running =
                start(script("echo ready; while :; do sleep 0.1; done")).awaitText("ready");
        another().destroy(sandbox().providerRef());
        assertThatThrownBy(running::awaitEnd).isInstanceOf(SandboxGoneException.class);
        assertThatThrownBy(() -> run(script("echo never"))).isInstanceOf(SandboxGoneException.class);
        ThrowingCallable write = () -> files().write("/workspace/f", new ByteArrayInputStream(new byte[1]), -1);
        assertThatThrownBy(write).isInstanceOf(SandboxException.class);
        assertThatThrownBy(() -> files().list("/workspace", 10)).isInstanceOf(SandboxException.class);
    }

    @Test
    void listsIdAndTimeOfCreationOfItsDeploymentOnly() {
        ProvisionRequest one = request();
        ProvisionRequest two = request();
        String refOfOne = first().create(one).providerRef();
        String refOfTwo = first().create(two).providerRef();
        await().atMost(patience())
                .pollInSameThread()
                .untilAsserted(
                        () -> assertThat(another().listOwned(deployment()).resources())
                                .containsExactlyInAnyOrder(
                                        new OwnedResource(refOfOne, one.sandboxId(), one.createdAt()),
                                        new OwnedResource(refOfTwo, two.sandboxId(), two.createdAt())));
        assertThat(first().listOwned(deployment() + "x").resources()).isEmpty();
        assertThat(first().listOwned(deployment().substring(0, 9)).resources()).isEmpty();
    }

    @Test
    void findsListsAndDestroysWhatIsHalfMade() {
        ProvisionRequest request = request();
        if (!leaveHalfMade(request)) {
            return; // the author says that this provider makes nothing by half
        }
        Optional<String> ref = first().find(deployment(), request.sandboxId());
        assertThat(ref).isPresent();
        OwnedListing listing = first().listOwned(deployment());
        assertThat(listing.resources()).extracting(OwnedResource::sandboxId).containsExactly(request.sandboxId());
        assertThat(listing.resources()).extracting(OwnedResource::createdAt).containsExactly(request.createdAt());
        assertThatThrownBy(() -> first().attach(ref.orElseThrow())).isInstanceOf(SandboxGoneException.class);
        first().destroy(listing.resources().get(0).providerRef());
        assertThat(first().find(deployment(), request.sandboxId())).isEmpty();
        assertThat(first().listOwned(deployment()).resources()).isEmpty();
    }

    @Test
    void acceptsWhateverTheApplicationPutsIntoLabelsAndOwner() {
        SandboxSpec odd = spec().toBuilder()
                .owner("o'neil \"=\" \u00fc\ud83d\ude80 ".repeat(10))
                .label("a.b/c-d_e", "x=1,y=\"2\"\n\t\u00e9\ud83d\ude80")
                .label("empty", "")
                .build();
        BackendSandbox created = first().create(request(odd, Map.of()));
        assertThat(first().listOwned(deployment()).resources())
                .extracting(OwnedResource::providerRef)
                .containsExactly(created.providerRef());
    }

    @Test
    void createsManyAtTheSameTime() {
        Queue<String> refs = new ConcurrentLinkedQueue<>();
        first();
        atOnce(Collections.nCopies(4, () -> refs.add(first().create(request()).providerRef())));
        assertThat(refs).hasSize(4).doesNotHaveDuplicates();
        assertThat(first().listOwned(deployment()).resources())
                .extracting(OwnedResource::providerRef)
                .containsExactlyInAnyOrderElementsOf(refs);
        atOnce(refs.stream().<Runnable>map(ref -> () -> first().destroy(ref)).toList());
    }

    @Test
    void answersAnInterruptWithTheFlagSet() {
        String ref = sandbox().providerRef();
        for (ThrowingCallable call : List.<ThrowingCallable>of(
                () -> first().create(request()),
                () -> first().find(deployment(), SandboxId.generate(1)),
                () -> first().listOwned(deployment()),
                () -> first().destroy(ref))) {
            Thread.currentThread().interrupt();
            try {
                assertThatThrownBy(call).isInstanceOf(SandboxInterruptedException.class);
                assertThat(Thread.currentThread().isInterrupted()).isTrue();
            } finally {
                Thread.interrupted();
            }
        }
    }

    @Test
    void tellsItsUsageOrNothing() {
        first().usage(sandbox().providerRef()).ifPresent(usage -> {
            assertThat(usage.cpuTime() != null && usage.cpuTime().isNegative()).isFalse();
            for (@Nullable
            Long bytes : new @Nullable Long[] {usage.memoryBytes(), usage.peakMemoryBytes(), usage.diskBytes()}) {
                assertThat(bytes != null && bytes < 0).as("%s", usage).isFalse();
            }
        });
    }
}
