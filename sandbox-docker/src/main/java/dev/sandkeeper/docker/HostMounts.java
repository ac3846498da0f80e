package dev.sandkeeper.docker;

import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.MountType;
import dev.sandkeeper.HostMount;
import dev.sandkeeper.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Turns host mounts into what the engine takes, and refuses those that would hand the host over. */
final class HostMounts {
    private static final List<Path> SOCKETS = List.of(
            Path.of("/var/run/docker.sock"),
            Path.of("/run/docker.sock"),
            Path.of("/run/containerd/containerd.sock"),
            Path.of("/run/podman/podman.sock"));

    private static final Set<String> TAKEN = Set.of("/", "/proc", "/sys", "/dev", "/tmp", SandboxSpec.WORKSPACE);

    private HostMounts() {}

    /**
     * The mounts with their real sources: a link is followed here and not by the engine, which would follow it again later.
     *
     * @throws dev.sandkeeper.SpecInvalidException if one cannot be; names it and the rule
     */
    static List<Mount> of(SandboxSpec spec, EngineAddress address, Faults faults) {
        List<Mount> mounts = new ArrayList<>();
        for (HostMount mount : spec.hostMounts()) {
            Path source;
            try {
                source = mount.source().toRealPath();
            } catch (IOException e) {
                throw faults.invalid(
                        "hostMounts",
                        mount.source() + " does not exist on the host or cannot be read",
                        "Name a directory or file that exists");
            }
            checkSockets(source, address, faults);
            String target = Path.of(mount.target()).normalize().toString();
            if (TAKEN.contains(target)) {
                throw faults.invalid(
                        "hostMounts",
                        "target " + target + " is the sandbox's own",
                        "Choose another one, or one below it");
            }
            mounts.add(new Mount()
                    .withType(MountType.BIND)
                    .withSource(source.toString())
                    .withTarget(target)
                    .withReadOnly(!mount.writable()));
        }
        return mounts;
    }

    private static void checkSockets(Path source, EngineAddress address, Faults faults) {
        List<Path> sockets = new ArrayList<>(SOCKETS);
        if (address.socket() != null) {
            sockets.add(address.socket());
        }
        for (Path socket : sockets) {
            Path real = real(socket);
            if (real.startsWith(source) || socket.startsWith(source)) {
                throw faults.invalid(
                        "hostMounts",
                        source + " is or holds the socket " + socket + ", through which the host can be taken over",
                        "Name the directories that the sandbox needs, one by one");
            }
        }
    }

    private static Path real(Path socket) {
        try {
            return Files.exists(socket) ? socket.toRealPath() : socket;
        } catch (IOException e) {
            return socket;
        }
    }
}
