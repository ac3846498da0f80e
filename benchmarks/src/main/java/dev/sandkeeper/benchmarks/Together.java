package dev.sandkeeper.benchmarks;

import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** Things that run at the same time. */
final class Together {
    private Together() {}

    /** Waits for all of them before it says what went wrong. */
    static void join(List<? extends Future<?>> running) throws Exception {
        Exception first = null;
        for (Future<?> one : running) {
            try {
                one.get();
            } catch (ExecutionException e) {
                Exception failure = e.getCause() instanceof Exception cause ? cause : e;
                if (first == null) {
                    first = failure;
                } else {
                    first.addSuppressed(failure);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
