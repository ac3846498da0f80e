package dev.sandkeeper.internal;

import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;

/** Makes the threads that Sandkeeper uses: all daemons, all named, none until there is work. */
public final class Workers {
    /** Since JDK 24 (JEP 491) a virtual thread that blocks inside {@code synchronized} no longer pins its carrier. */
    private static final int FIRST_WITHOUT_PINNING = 24;

    private Workers() {}

    /**
     * An executor for tasks that block: a virtual thread each where the JVM has ones that never pin, else a cached pool.
     *
     * @param name the start of every thread's name
     * @return the executor; to be shut down by its owner
     */
    public static ExecutorService create(String name) {
        if (Runtime.version().feature() >= FIRST_WITHOUT_PINNING) {
            return virtual(name);
        }
        return Executors.newCachedThreadPool(daemons(name));
    }

    /**
     * A factory of named daemon threads of the platform.
     *
     * @param name the start of every thread's name
     * @return the factory
     */
    public static ThreadFactory daemons(String name) {
        AtomicLong count = new AtomicLong();
        return task -> {
            Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** By reflection, because the baseline is Java 17. */
    private static ExecutorService virtual(String name) {
        try {
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            Class<?> type = Class.forName("java.lang.Thread$Builder");
            builder = type.getMethod("name", String.class, long.class).invoke(builder, name + "-", 1L);
            ThreadFactory factory = (ThreadFactory) type.getMethod("factory").invoke(builder);
            return (ExecutorService) Executors.class
                    .getMethod("newThreadPerTaskExecutor", ThreadFactory.class)
                    .invoke(null, factory);
        } catch (ClassNotFoundException
                | NoSuchMethodException
                | IllegalAccessException
                | InvocationTargetException e) {
            throw new IllegalStateException("this JVM has no virtual threads although it is new enough", e);
        }
    }
}
