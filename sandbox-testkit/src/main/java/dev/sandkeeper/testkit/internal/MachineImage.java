package dev.sandkeeper.testkit.internal;

/** The files that a machine had at one moment; any number of machines can be made from it. Nothing changes them. */
public final class MachineImage {
    private final Node.Dir root;

    MachineImage(Node.Dir root) {
        this.root = root;
    }

    Node.Dir files() {
        return root.copy();
    }
}
