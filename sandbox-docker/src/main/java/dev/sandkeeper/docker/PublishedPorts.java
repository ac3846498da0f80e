package dev.sandkeeper.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Ports;
import dev.sandkeeper.Endpoint;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Ports of a container that are open to the engine's host, on its loopback interface alone. */
final class PublishedPorts {
    private static final String LOOPBACK = "127.0.0.1";

    private PublishedPorts() {}

    static List<ExposedPort> exposed(Collection<Integer> ports) {
        return ports.stream().map(ExposedPort::tcp).toList();
    }

    /** The engine chooses the numbers. */
    static Ports bindings(Collection<Integer> ports) {
        Ports bindings = new Ports();
        ports.forEach(port -> bindings.bind(ExposedPort.tcp(port), Ports.Binding.bindIp(LOOPBACK)));
        return bindings;
    }

    /** What the engine has chosen: asked each time, so that any JVM knows. */
    static Endpoint endpoint(Inventory inventory, Faults faults, String ref, int port) {
        InspectContainerResponse container =
                inventory.inspect(ref).orElseThrow(() -> faults.gone(ref, "the engine does not have it"));
        HostConfig config = container.getHostConfig();
        if (config != null && "none".equals(config.getNetworkMode())) {
            throw faults.invalid(
                    "network",
                    "none, so that port " + port + " cannot be reached",
                    "Create the sandbox with network(Network.full()) and port(" + port + ")");
        }
        Map<ExposedPort, Ports.Binding[]> all = container.getNetworkSettings() == null
                        || container.getNetworkSettings().getPorts() == null
                ? Map.of()
                : container.getNetworkSettings().getPorts().getBindings();
        Ports.Binding[] bindings = all.get(ExposedPort.tcp(port));
        if (bindings != null) {
            for (Ports.Binding binding : bindings) {
                String number = binding.getHostPortSpec();
                String host = binding.getHostIp();
                if (number != null && number.matches("[0-9]{1,5}") && !number.equals("0")) {
                    boolean any = host == null || host.isEmpty() || host.equals("0.0.0.0") || host.equals("::");
                    return new Endpoint(any ? LOOPBACK : host, Integer.parseInt(number));
                }
            }
        }
        if (Inventory.state(container) == dev.sandkeeper.spi.ProviderState.GONE) {
            throw faults.gone(ref, "it has ended");
        }
        throw faults.invalid(
                "ports",
                "the sandbox was created without port " + port
                        + ", and a container's ports are opened when it is created",
                "Create it with port(" + port + ")");
    }
}
