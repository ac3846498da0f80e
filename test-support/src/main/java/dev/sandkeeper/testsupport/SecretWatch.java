package dev.sandkeeper.testsupport;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Reads everything that is logged while it is open, at the finest level and by whichever logger, and notes where a secret
 * stands in it. Left out are the loggers of simulated providers, which know the secret themselves, and of what these are made
 * of: they say little meanwhile.
 */
public final class SecretWatch implements AutoCloseable {
    /** The simulators of providers, which know their keys, and what their sandboxes are. */
    private static final List<String> OTHER_SIDE = List.of(
            "org.eclipse.jetty",
            "dev.sandkeeper.testkit.simulator",
            "dev.sandkeeper.local",
            "dev.sandkeeper.docker",
            "com.github.dockerjava",
            "org.apache.hc");

    private static final int LEAST_READ = 100;

    private final List<String> secrets;
    private final Map<Logger, Optional<Level>> levelsOfOthers = new HashMap<>();
    private final Queue<String> found = new ConcurrentLinkedQueue<>();
    private final AtomicLong read = new AtomicLong();
    private final Map<Object, WeakReference<Object>> watched = new WeakHashMap<>();
    private final Logger root;
    private final Level levelBefore;
    private final java.util.logging.Logger javaRoot = java.util.logging.Logger.getLogger("");
    private final java.util.logging.Level javaLevelBefore = javaRoot.getLevel();
    private final Reader reader = new Reader();
    private final JavaReader javaReader = new JavaReader();

    private SecretWatch(List<String> secrets) {
        this.secrets = secrets;
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        this.root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        this.levelBefore = root.getLevel();
        reader.setContext(context);
        reader.start();
        // what is configured to be shown stays as it is
        root.iteratorForAppenders().forEachRemaining(appender -> {
            if (appender.getCopyOfAttachedFiltersList().isEmpty()) {
                ch.qos.logback.classic.filter.ThresholdFilter filter =
                        new ch.qos.logback.classic.filter.ThresholdFilter();
                filter.setLevel(levelBefore.toString());
                filter.start();
                appender.addFilter(filter);
            }
        });
        for (String other : OTHER_SIDE) {
            Logger logger = context.getLogger(other);
            levelsOfOthers.put(logger, Optional.ofNullable(logger.getLevel()));
            logger.setLevel(Level.WARN);
        }
        root.addAppender(reader);
        root.setLevel(Level.TRACE);
        javaReader.setLevel(java.util.logging.Level.ALL);
        javaRoot.addHandler(javaReader);
        javaRoot.setLevel(java.util.logging.Level.ALL);
    }

    /**
     * Begins to read.
     *
     * @param secrets what must not be there
     * @return to be closed
     */
    public static SecretWatch of(String... secrets) {
        return new SecretWatch(List.of(secrets));
    }

    /**
     * Reads something that is not logged, such as an exception or a row.
     *
     * @param where what it is, in a word
     * @param text what it says
     */
    public void read(String where, String text) {
        read.incrementAndGet();
        for (String secret : secrets) {
            if (text.contains(secret)) {
                found.add(where + ": " + text.replace(secret, "<the secret>"));
            }
        }
    }

    /**
     * Reads whatever files there are, such as those of a database.
     *
     * @param where what they are, in a word
     * @param directory below which they are
     * @throws IOException if one cannot be read
     */
    public void readFiles(String where, Path directory) throws IOException {
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                all.append(Files.readString(file, StandardCharsets.ISO_8859_1));
            }
        }
        read(where, all.toString());
    }

    /**
     * Has a backend watched: what its methods answer and throw is read, and so is what that does in turn.
     *
     * @param type an interface
     * @param target what implements it
     * @param <T> the interface
     * @return the same, watched
     */
    public <T> T over(Class<T> type, T target) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    try {
                        Object answer = method.invoke(target, arguments);
                        read(method.getName(), String.valueOf(answer));
                        return watched(method.getReturnType(), answer);
                    } catch (InvocationTargetException e) {
                        Throwable thrown = Objects.requireNonNull(e.getCause());
                        StringWriter text = new StringWriter();
                        thrown.printStackTrace(new PrintWriter(text, true));
                        read(method.getName(), text.toString());
                        throw thrown;
                    }
                }));
    }

    /** The same object is the same one, watched, for as long as anybody has it. */
    private @Nullable Object watched(Class<?> type, @Nullable Object answer) {
        if (answer == null || !type.isInterface() || !type.getName().startsWith("dev.sandkeeper.spi.")) {
            return answer;
        }
        synchronized (watched) {
            WeakReference<Object> known = watched.get(answer);
            Object same = known == null ? null : known.get();
            if (same == null) {
                same = cast(type, answer);
                watched.put(answer, new WeakReference<>(same));
            }
            return same;
        }
    }

    private <T> T cast(Class<T> type, Object target) {
        return over(type, type.cast(target));
    }

    /** Fails if it was anywhere, or if hardly anything was read. */
    public void assertNowhere() {
        if (!found.isEmpty()) {
            throw new AssertionError("the secret stands in " + found.size() + " texts, first: " + found.peek());
        }
        if (read.get() < LEAST_READ) {
            throw new AssertionError("only " + read + " texts were read");
        }
    }

    @Override
    public void close() {
        root.setLevel(levelBefore);
        levelsOfOthers.forEach((logger, level) -> logger.setLevel(level.orElse(null)));
        root.detachAppender(reader);
        javaRoot.removeHandler(javaReader);
        javaRoot.setLevel(javaLevelBefore);
    }

    private boolean mayKnow(String logger) {
        return OTHER_SIDE.stream().anyMatch(logger::startsWith);
    }

    private final class Reader extends AppenderBase<ILoggingEvent> {
        @Override
        protected void append(ILoggingEvent event) {
            if (!mayKnow(event.getLoggerName())) {
                read(event.getLoggerName(), event.getFormattedMessage() + event.getMDCPropertyMap());
                if (event.getThrowableProxy() != null) {
                    read(event.getLoggerName(), ThrowableProxyUtil.asString(event.getThrowableProxy()));
                }
            }
        }
    }

    private final class JavaReader extends Handler {
        @Override
        public void publish(LogRecord record) {
            String logger = String.valueOf(record.getLoggerName());
            if (!mayKnow(logger)) {
                read(logger, record.getMessage() + java.util.Arrays.toString(record.getParameters()));
                if (record.getThrown() != null) {
                    read(logger, String.valueOf(record.getThrown()));
                }
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
