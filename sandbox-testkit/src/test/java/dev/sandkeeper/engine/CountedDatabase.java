package dev.sandkeeper.engine;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;

/** A database that remembers who was written about as active, a batch of statements at a time, and that can stall. */
final class CountedDatabase {
    private final JdbcDataSource database = new JdbcDataSource();
    private final List<Touch> touches = new CopyOnWriteArrayList<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private volatile CountDownLatch gate = new CountDownLatch(0);

    CountedDatabase() {
        database.setURL("jdbc:h2:mem:counted-" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    }

    /**
     * Statements that went to the database together.
     *
     * @param at nanoseconds of the monotonic clock
     * @param ids whom they were about, once for each of them
     */
    record Touch(long at, List<String> ids) {
        @Override
        public String toString() {
            return ids.size() + " at " + at;
        }
    }

    DataSource dataSource() {
        return proxy(DataSource.class, database, (method, arguments, answer) -> {
            if (!method.getName().equals("getConnection")) {
                return answer.get();
            }
            waiting.incrementAndGet();
            gate.await();
            waiting.decrementAndGet();
            return counted((Connection) answer.get());
        });
    }

    private Connection counted(Connection connection) {
        return proxy(Connection.class, connection, (method, arguments, answer) -> {
            Object made = answer.get();
            return made instanceof PreparedStatement statement
                            && ((String) arguments[0]).contains("last_active_at = CASE")
                    ? counted(statement)
                    : made;
        });
    }

    private PreparedStatement counted(PreparedStatement statement) {
        Set<String> bound = new HashSet<>();
        List<String> ids = new ArrayList<>();
        return proxy(PreparedStatement.class, statement, (method, arguments, answer) -> {
            String name = method.getName();
            if (name.startsWith("set") && arguments.length == 2 && arguments[1] instanceof String id) {
                bound.add(id);
            } else if (name.equals("addBatch")) {
                ids.addAll(bound);
                bound.clear();
            } else if (name.startsWith("execute")) {
                ids.addAll(bound);
                touches.add(new Touch(System.nanoTime(), List.copyOf(ids)));
            }
            return answer.get();
        });
    }

    List<Touch> touches() {
        return List.copyOf(touches);
    }

    /** Lets everybody wait who wants a connection. */
    void stall() {
        gate = new CountDownLatch(1);
    }

    void goOn() {
        gate.countDown();
    }

    /** How many wait. */
    int waiting() {
        return waiting.get();
    }

    void shutDown() throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("SHUTDOWN");
        }
    }

    private interface Answer {
        Object get() throws Throwable;
    }

    private interface Behaviour {
        Object call(Method method, Object[] arguments, Answer answer) throws Throwable;
    }

    private static <T> T proxy(Class<T> type, T target, Behaviour behaviour) {
        InvocationHandler handler = (proxy, method, arguments) ->
                behaviour.call(method, arguments == null ? new Object[0] : arguments, () -> {
                    try {
                        return method.invoke(target, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
