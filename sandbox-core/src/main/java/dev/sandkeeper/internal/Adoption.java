package dev.sandkeeper.internal;

import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxConflictException;
import java.util.function.UnaryOperator;

/** Gives a row to a resource that Sandkeeper did not make. */
public final class Adoption {
    private Adoption() {}

    /**
     * Adopts.
     *
     * @param rows where the row goes
     * @param creation what is fixed; its time is now, its creator this JVM
     * @param providerRef the provider's name for it
     * @param life the row with its state and its times
     * @return the row as it was inserted
     * @throws SandboxConflictException if a live sandbox of the backend has that name
     */
    public static SandboxRow adopt(
            SandboxRows rows, SandboxRow.Creation creation, String providerRef, UnaryOperator<SandboxRow> life) {
        rows.findByRef(creation.backend(), providerRef).ifPresent(known -> {
            throw new SandboxConflictException(Failure.of(
                            "already_known", providerRef + " is sandbox " + known.id() + " of this deployment already")
                    .backend(creation.backend())
                    .sandbox(known.id())
                    .remedy("Connect to that one, or renew it"));
        });
        SandboxRow made = SandboxRow.create(creation).providerRef(providerRef).build();
        SandboxRow inserted = rows.insert(life.apply(made)
                .change()
                .step(new AuditEntry(creation.createdAt(), "adopted", providerRef + " by " + creation.creator()))
                .build());
        AuditLog.last(inserted);
        return inserted;
    }
}
