package dev.sandkeeper;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A stream that is activity until it is closed. */
final class ActiveStream extends FilterInputStream {
    private final AtomicReference<Activity.@Nullable Scope> scope;

    ActiveStream(InputStream in, Activity.Scope scope) {
        super(in);
        this.scope = new AtomicReference<>(scope);
    }

    @Override
    public void close() throws IOException {
        try {
            super.close();
        } finally {
            Activity.Scope last = scope.getAndSet(null);
            if (last != null) {
                last.close();
            }
        }
    }
}
