package dev.sandkeeper.testsupport;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import org.slf4j.LoggerFactory;

/**
 * Reads everything that is logged while it is open, at the finest level and by whichever logger, and notes where a secret
 * stands in it. Loggers whose names begin in a certain way can be left out: those of a simulated provider, which knows the
 * secret itself.
 */
public final class SecretWatch implements AutoCloseable {
    private final String secret;
    private final List<String> others;
    private final Queue<String> found = new ConcurrentLinkedQueue<>();
    private final AtomicLong read = new AtomicLong();
    private final Logger root;
    private final Level levelBefore;
    private final java.util.logging.Logger javaRoot = java.util.logging.Logger.getLogger("");
    private final java.util.logging.Level javaLevelBefore = javaRoot.getLevel();
    private final Reader reader = new Reader();
    private final JavaReader javaReader = new JavaReader();

    private SecretWatch(String secret, List<String> others) {
        this.secret = secret;
        this.others = others;
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
        root.addAppender(reader);
        root.setLevel(Level.TRACE);
        javaReader.setLevel(java.util.logging.Level.ALL);
        javaRoot.addHandler(javaReader);
        javaRoot.setLevel(java.util.logging.Level.ALL);
    }

    /**
     * Begins to read.
     *
     * @param secret what must not be there
     * @param others how the names of loggers begin that may know it
     * @return to be closed
     */
    public static SecretWatch of(String secret, String... others) {
        return new SecretWatch(secret, List.of(others));
    }

    /**
     * Reads something that is not logged, such as an exception or a row.
     *
     * @param where what it is, in a word
     * @param text what it says
     */
    public void read(String where, String text) {
        read.incrementAndGet();
        if (text.contains(secret)) {
            found.add(where + ": " + text.replace(secret, "<the secret>"));
        }
    }

    /**
     * Where it was.
     *
     * @return each text that had it
     */
    public List<String> found() {
        return List.copyOf(found);
    }

    /**
     * How much was read.
     *
     * @return the number of texts
     */
    public long count() {
        return read.get();
    }

    @Override
    public void close() {
        root.setLevel(levelBefore);
        root.detachAppender(reader);
        javaRoot.removeHandler(javaReader);
        javaRoot.setLevel(javaLevelBefore);
    }

    private boolean mayKnow(String logger) {
        return others.stream().anyMatch(logger::startsWith);
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
