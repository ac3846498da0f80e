package dev.sandkeeper.chaos;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Stands between a host's engine and its store and provider: marks the phases of cleaning, and writes down which fences were
 * given and under which one something was destroyed. Changes nothing.
 */
final class Observed {
    private final Marks marks;
    private final Log log;
    /** What the provider's names mean, as far as this host has heard of them. */
    private final Map<String, SandboxId> ids = new ConcurrentHashMap<>();

    private final Map<SandboxId, Long> fences = new ConcurrentHashMap<>();
    /** What a thread has claimed last, it destroys next: under that fence, whatever another thread has claimed meanwhile. */
    private final Map<Thread, SandboxRow> own = new ConcurrentHashMap<>();

    Observed(Marks marks, Log log) {
        this.marks = marks;
        this.log = log;
    }

    /** An application cannot make a store of rows of its own, for good reason; so this does it by force. */
    SandboxStore store(SandboxStore store) {
        SandboxRows rows = store.rows();
        InvocationHandler handler = (proxy, method, arguments) -> {
            if (isClaim(method, arguments)) {
                Object answer = marks.in(Phase.CLAIM, () -> call(rows, method, arguments));
                claimed(answer);
                return answer;
            }
            if (method.getName().startsWith("archive")) {
                return marks.in(Phase.ARCHIVE, () -> call(rows, method, arguments));
            }
            return call(rows, method, arguments);
        };
        try {
            Constructor<SandboxStore> constructor = SandboxStore.class.getDeclaredConstructor(SandboxRows.class);
            constructor.setAccessible(true);
            return constructor.newInstance(proxy(SandboxRows.class, handler));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("SandboxStore is not made of SandboxRows any more", e);
        }
    }

    SandboxBackend backend(SandboxBackend backend) {
        return proxy(SandboxBackend.class, (proxy, method, arguments) -> switch (method.getName()) {
            case "destroy" -> {
                destroying((String) arguments[0]);
                yield marks.in(Phase.DESTROY, () -> call(backend, method, arguments));
            }
            case "listOwned" -> marks.in(Phase.SWEEP, () -> call(backend, method, arguments));
            case "find" -> {
                Object found = call(backend, method, arguments);
                ((Optional<?>) found).ifPresent(ref -> ids.put((String) ref, (SandboxId) arguments[1]));
                yield found;
            }
            default -> call(backend, method, arguments);
        });
    }

    /** A row that becomes CLEANING under a new fence; under the old one, a cleaner writes down how far it is. */
    private boolean isClaim(Method method, Object @Nullable [] arguments) {
        if (method.getName().startsWith("claim")) {
            return true;
        }
        return method.getName().equals("compareAndSet")
                && arguments != null
                && arguments[0] instanceof SandboxRow row
                && row.state() == SandboxState.CLEANING
                && row.leaseOwner() != null
                && fences.getOrDefault(row.id(), -1L) < row.fence();
    }

    private void claimed(Object answer) {
        if (answer instanceof Optional<?> one) {
            one.ifPresent(this::claimed);
        } else if (answer instanceof Collection<?> many) {
            many.forEach(this::claimed);
        } else if (answer instanceof SandboxRow row && row.state() == SandboxState.CLEANING) {
            log.add(Deed.Kind.CLAIMED, row.id(), row.fence());
            own.put(Thread.currentThread(), row);
            fences.put(row.id(), row.fence());
            String ref = row.providerRef();
            if (ref != null) {
                ids.put(ref, row.id());
            }
        }
    }

    /** What nobody has claimed is an orphan, or what came too late: it has no fence. */
    private void destroying(String ref) {
        SandboxId id = ids.get(ref);
        if (id == null) {
            return;
        }
        SandboxRow claimed = own.get(Thread.currentThread());
        Long fence = claimed != null && claimed.id().equals(id) ? Long.valueOf(claimed.fence()) : fences.get(id);
        if (fence != null) {
            log.add(Deed.Kind.DESTROY, id, fence, System.nanoTime());
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(Observed.class.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static Object call(Object target, Method method, Object @Nullable [] arguments) throws Exception {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }
}
