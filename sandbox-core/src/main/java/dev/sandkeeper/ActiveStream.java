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
    public int read() throws IOException {
        try {
            return super.read();
        } catch (IOException e) {
            throw explained(e);
        }
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        try {
            return super.read(buffer, offset, length);
        } catch (IOException e) {
            throw explained(e);
        }
    }

    private IOException explained(IOException e) {
        Activity.Scope current = scope.get();
        if (current == null || !(e.getCause() instanceof SandboxException fault)) {
            return e;
        }
        SandboxException told = current.explained(fault);
        return told == fault ? e : new IOException(told.getMessage(), told);
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
