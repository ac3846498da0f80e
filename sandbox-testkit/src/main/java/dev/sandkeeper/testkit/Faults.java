package dev.sandkeeper.testkit;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.HandleClosedException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.spi.Capability;
import java.io.IOException;

/** Exceptions on the wire: what a backend may throw arrives as what it was. */
final class Faults {
    private Faults() {}

    static void send(Wire wire, RuntimeException thrown) throws IOException {
        if (thrown instanceof SandboxException e) {
            wire.text(e.getClass().getSimpleName())
                    .text(e.code())
                    .text(plainMessage(e))
                    .text(e.remedy().orElse(null))
                    .text(e.backend().orElse(null))
                    .text(e.sandboxId().map(SandboxId::toString).orElse(null))
                    .text(
                            e instanceof CapabilityMissingException missing
                                    ? missing.capability().name()
                                    : null);
        } else {
            wire.text("unexpected").text("unexpected").text(String.valueOf(thrown));
            wire.text(null).text(null).text(null).text(null);
        }
    }

    static RuntimeException receive(Wire wire) throws IOException {
        String type = wire.text();
        Failure failure = Failure.of(wire.text(), wire.text());
        String remedy = wire.textOrNull();
        String backend = wire.textOrNull();
        String id = wire.textOrNull();
        String capability = wire.textOrNull();
        Failure full = remedy == null ? failure : failure.remedy(remedy);
        Failure complete = full.backend(backend).sandbox(id == null ? null : SandboxId.of(id));
        return switch (type) {
            case "BackendRejectedException" -> new BackendRejectedException(complete);
            case "BackendUnavailableException" -> new BackendUnavailableException(complete);
            case "CapabilityMissingException" ->
                new CapabilityMissingException(Capability.valueOf(String.valueOf(capability)), complete);
            case "CommandNotStartableException" -> new CommandNotStartableException(complete);
            case "FileAccessException" -> new FileAccessException(complete);
            case "HandleClosedException" -> new HandleClosedException(complete);
            case "OutcomeUnknownException" -> new OutcomeUnknownException(complete);
            case "SandboxGoneException" -> new SandboxGoneException(null, null, complete);
            case "SpecInvalidException" -> new SpecInvalidException(complete);
            default -> new IllegalStateException("the provider's process failed: " + complete);
        };
    }

    /** Without what {@link Failure} puts around it, which would else be there twice. */
    private static String plainMessage(SandboxException e) {
        String text = String.valueOf(e.getMessage());
        String remedy = ". " + e.remedy().orElse("");
        String id = " (sandbox " + e.sandboxId().map(SandboxId::toString).orElse("") + ")";
        String backend = e.backend().orElse("") + ": ";
        if (e.remedy().isPresent() && text.endsWith(remedy)) {
            text = text.substring(0, text.length() - remedy.length());
        }
        if (e.sandboxId().isPresent() && text.endsWith(id)) {
            text = text.substring(0, text.length() - id.length());
        }
        return e.backend().isPresent() && text.startsWith(backend) ? text.substring(backend.length()) : text;
    }
}
