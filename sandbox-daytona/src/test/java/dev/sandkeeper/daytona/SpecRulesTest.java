package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.MemorySize;
import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SpecInvalidException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SpecRulesTest {
    private static final Identity WHO = new Identity("dep", SandboxId.generate(1));

    private final SpecRules rules = new SpecRules("daytona");

    private void refused(SandboxSpec.Builder spec, String field) {
        assertThatThrownBy(() -> rules.check(spec.build())).isInstanceOfSatisfying(SpecInvalidException.class, e -> {
            assertThat(e.getMessage()).contains(field + ": ");
            assertThat(e.remedy()).isPresent();
        });
    }

    private static Wire.NewSandbox body(SandboxSpec.Builder spec) {
        return SpecRules.body(WHO, spec.build(), Map.of(), "eu", "small", 7, null);
    }

    @Test
    void refusesByFieldWhatDaytonaCannotGive() {
        SandboxSpec.Builder snapshot = SandboxSpec.builder();
        refused(snapshot.memory(MemorySize.gigabytes(1)), "memory");
        refused(SandboxSpec.builder().cpus(1), "cpus");
        refused(SandboxSpec.builder().image("debian:12").memory(MemorySize.megabytes(1500)), "memory");
        refused(SandboxSpec.builder().image("debian:12").cpus(1.5), "cpus");
        refused(SandboxSpec.builder().image("debian:12").cpus(0.5), "cpus");
        refused(SandboxSpec.builder().tmpSize(MemorySize.megabytes(10)), "tmpSize");
        refused(SandboxSpec.builder().port(80), "ports");
        refused(SandboxSpec.builder().environment("IFS", "x"), "environment");
        refused(SandboxSpec.builder().image(DaytonaBackend.snapshot("small")).cpus(2), "cpus");
    }

    @Test
    void anImageBecomesNoSecondLineOfADockerfile() {
        for (String image :
                new String[] {"debian:12 RUN true", "Debian", "debian:12 AS x", "snapshot://", "-x", "a b"}) {
            refused(SandboxSpec.builder().image(image), "image");
        }
        for (String image : new String[] {
            "debian:12",
            "python:3.13-slim",
            "registry.example.org:5000/team/image:1.0_b",
            "ghcr.io/a/b@sha256:" + "0f".repeat(32),
            "a/b_c--d",
            DaytonaBackend.snapshot("daytona-small")
        }) {
            SandboxSpec spec = SandboxSpec.builder().image(image).build();
            assertThatCode(() -> rules.check(spec)).as(image).doesNotThrowAnyException();
        }
    }

    @Test
    void aSnapshotIsNamedAndAnImageIsBuilt() {
        assertThat(body(SandboxSpec.builder()).snapshot()).isEqualTo("small");
        assertThat(body(SandboxSpec.builder()).buildInfo()).isNull();
        Wire.NewSandbox other = body(SandboxSpec.builder().image(DaytonaBackend.snapshot("large")));
        assertThat(other.snapshot()).isEqualTo("large");
        Wire.NewSandbox built = body(SandboxSpec.builder()
                .image("debian:12")
                .cpus(2)
                .memory(MemorySize.gigabytes(4))
                .network(Network.full()));
        assertThat(built.snapshot()).isNull();
        assertThat(built.buildInfo()).isEqualTo(new Wire.BuildInfo("FROM debian:12\n"));
        assertThat(built.cpu()).isEqualTo(2);
        assertThat(built.memory()).isEqualTo(4);
        assertThat(built.networkBlockAll()).isFalse();
    }

    @Test
    void whateverStopsASandboxDestroysItAndNothingStopsItBeforeItsEnd() {
        Wire.NewSandbox body = body(SandboxSpec.builder());
        assertThat(body.autoStopInterval()).isZero();
        assertThat(body.autoDeleteInterval()).isZero();
        assertThat(body.ttlMinutes()).isEqualTo(7);
        assertThat(body.networkBlockAll()).isTrue();
        assertThat(body.isPublic()).isFalse();
        assertThat(body.target()).isEqualTo("eu");
        assertThat(body.name()).startsWith("sandkeeper-dep-");
    }
}
