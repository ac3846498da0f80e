package dev.sandkeeper.testsupport;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Hands a {@link PostgresServer} or a {@link MariaDbServer} to who asks for it as a parameter: one for all tests of this JVM,
 * started for the first and ended after the last.
 */
public final class DatabaseServers implements ParameterResolver {
    /** JUnit makes it. */
    public DatabaseServers() {}

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return DatabaseServer.class.isAssignableFrom(parameter.getParameter().getType());
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return context.getStore(
                        ExtensionContext.StoreScope.LAUNCHER_SESSION,
                        ExtensionContext.Namespace.create(DatabaseServers.class))
                .getOrComputeIfAbsent(type, DatabaseServers::open, DatabaseServer.class);
    }

    private static DatabaseServer open(Class<?> type) {
        DatabaseServer server = type == PostgresServer.class ? new PostgresServer() : new MariaDbServer();
        server.open();
        return server;
    }
}
