package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.Endpoint;
import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Where services in a sandbox are reached. That something answers there is for the backend's own tests to show. */
abstract class PortsContract extends ScanContract {
    /** For subclasses. */
    PortsContract() {}

    @Test
    void tellsWhereAPortIsReachedOrRefuses() {
        if (!first().capabilities().contains(Capability.PORTS)) {
            assertThatThrownBy(() -> sandbox().endpoint(8080))
                    .isInstanceOfSatisfying(
                            CapabilityMissingException.class,
                            e -> assertThat(e.capability()).isEqualTo(Capability.PORTS));
            return;
        }
        SandboxSpec spec =
                spec().toBuilder().network(Network.full()).port(8080).port(9090).build();
        BackendSandbox created = first().create(request(spec, Map.of()));
        Endpoint endpoint = created.endpoint(8080);
        assertThat(created.endpoint(8080)).isEqualTo(endpoint);
        assertThat(created.endpoint(9090)).isNotEqualTo(endpoint);
        try (BackendSandbox attached = another().attach(created.providerRef())) {
            assertThat(attached.endpoint(8080)).isEqualTo(endpoint);
        }
        assertRefused(created, 8081, "port(8081)");
    }

    @Test
    void refusesPortsWhereTheNetworkIsOff() {
        if (!first().capabilities().contains(Capability.PORTS)) {
            return;
        }
        assertRefused(sandbox(), 8080, "network");
        SandboxSpec off = spec().toBuilder().network(Network.none()).port(8080).build();
        assertThatThrownBy(() -> first().validate(off))
                .isInstanceOf(SpecInvalidException.class)
                .hasMessageContaining("8080");
    }

    private static void assertRefused(BackendSandbox sandbox, int port, String named) {
        assertThatThrownBy(() -> sandbox.endpoint(port))
                .isInstanceOfSatisfying(
                        SpecInvalidException.class,
                        e -> assertThat(e.getMessage() + e.remedy().orElse("")).contains(named));
    }
}
