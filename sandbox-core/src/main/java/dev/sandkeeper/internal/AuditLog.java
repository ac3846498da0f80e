package dev.sandkeeper.internal;

import dev.sandkeeper.AuditEntry;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * The audit trail in the log: one line an event at level INFO to the logger {@code dev.sandkeeper.audit}, as
 * {@code event=... sandbox=... backend=... detail="..."}, with the sandbox's id in the MDC as {@code sandbox}. Detail is the
 * last, and has quotes and line ends escaped, as it may come from a provider.
 */
public final class AuditLog {
    /** The MDC's key. */
    public static final String SANDBOX = "sandbox";

    private static final Logger LOG = LoggerFactory.getLogger("dev.sandkeeper.audit");

    private AuditLog() {}

    /**
     * Writes what has just been written to a row.
     *
     * @param row the row; the event is the last of its {@link SandboxRow#audit()}
     */
    public static void last(SandboxRow row) {
        if (!LOG.isInfoEnabled() || row.audit().isEmpty()) {
            return;
        }
        AuditEntry entry = row.audit().get(row.audit().size() - 1);
        String id = row.id().toString();
        String before = MDC.get(SANDBOX);
        MDC.put(SANDBOX, id);
        try {
            LOG.info(
                    "event={} sandbox={} backend={} detail=\"{}\"",
                    entry.event(),
                    id,
                    row.backend(),
                    escaped(entry.detail()));
        } finally {
            restore(before);
        }
    }

    /**
     * Puts the MDC back as it was: a host may use the key too.
     *
     * @param before what it was, or null
     */
    public static void restore(@Nullable String before) {
        if (before == null) {
            MDC.remove(SANDBOX);
        } else {
            MDC.put(SANDBOX, before);
        }
    }

    private static String escaped(String text) {
        StringBuilder escaped = new StringBuilder();
        text.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                escaped.append('\\').append((char) c);
            } else {
                escaped.append(Character.isISOControl(c) ? ' ' : (char) c);
            }
        });
        return escaped.toString();
    }
}
