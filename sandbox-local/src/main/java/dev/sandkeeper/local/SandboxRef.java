package dev.sandkeeper.local;

import dev.sandkeeper.SandboxId;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A sandbox's name, {@code <deployment>/<id>}: also a path below the state directory, so whatever is not exactly of this form is
 * refused.
 *
 * @param deployment the deployment's id
 * @param id the sandbox's
 */
record SandboxRef(String deployment, SandboxId id) {
    private static final Pattern FORM =
            Pattern.compile("([a-z0-9-]{1,40})/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})");

    static Optional<SandboxRef> parse(String text) {
        Matcher matcher = FORM.matcher(text);
        return matcher.matches()
                ? Optional.of(new SandboxRef(matcher.group(1), SandboxId.of(matcher.group(2))))
                : Optional.empty();
    }

    static SandboxRef of(String deployment, SandboxId id) {
        return parse(deployment + "/" + id)
                .orElseThrow(() -> new IllegalArgumentException(
                        "deployment must be 1 to 40 of [a-z0-9-]: \"" + deployment + "\""));
    }

    /** As the provider reference has it. */
    @Override
    public String toString() {
        return deployment + "/" + id;
    }
}
