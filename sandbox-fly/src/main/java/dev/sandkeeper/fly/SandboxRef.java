package dev.sandkeeper.fly;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What we call a sandbox: a Machine in an app, or an app that has nothing else in it. The latter names no Machine, so that it is
 * the same before there is one, and however far the lists of Machines lag.
 *
 * @param machine null of an app that belongs to the sandbox alone
 */
record SandboxRef(String app, @Nullable String machine) {
    static SandboxRef of(MachineRef machine) {
        return new SandboxRef(machine.app(), machine.id());
    }

    static SandboxRef of(AppName app) {
        return new SandboxRef(app.toString(), null);
    }

    /** Of apps those alone that are named as we name them: whoever destroys by a ref must not hit anything else. */
    static Optional<SandboxRef> of(String text) {
        return MachineRef.of(text).map(SandboxRef::of).or(() -> AppName.of(text).map(SandboxRef::of));
    }

    @Override
    public String toString() {
        return machine == null ? app : app + "/" + machine;
    }
}
