package dev.sandkeeper.benchmarks;

import java.util.ArrayList;
import java.util.List;
import org.springaicommunity.sandbox.ExecResult;
import org.springaicommunity.sandbox.ExecSpec;
import org.springaicommunity.sandbox.docker.DockerSandbox;
import org.testcontainers.images.builder.Transferable;

/** Spring's agent-sandbox-docker, with what its containers have by default. */
final class AgentSandboxPeer implements Peer {
    static final String NAME = "agent-sandbox-docker";

    /** It runs every command by bash, which busybox is not. */
    private static final String BASH = "#!/bin/sh\nexec sh \"$@\"\n";

    private final List<DockerSandbox> sandboxes = new ArrayList<>();

    AgentSandboxPeer(String image, int count) {
        for (int i = 0; i < count; i++) {
            sandboxes.add(start(image));
        }
    }

    static DockerSandbox start(String image) {
        DockerSandbox sandbox = DockerSandbox.builder().image(image).build();
        if (image.equals(Host.BUSYBOX)) {
            sandbox.getContainer().copyFileToContainer(Transferable.of(BASH, 0755), "/bin/bash");
        }
        return sandbox;
    }

    static Ran exec(DockerSandbox sandbox, String... arguments) {
        ExecResult result = sandbox.exec(ExecSpec.of(arguments));
        return new Ran(result.exitCode(), result.stdout(), result.stderr());
    }

    DockerSandbox first() {
        return sandboxes.get(0);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Ran exec(int container, String... arguments) {
        return exec(sandboxes.get(container % sandboxes.size()), arguments);
    }

    @Override
    public void close() {
        sandboxes.forEach(DockerSandbox::close);
    }
}
