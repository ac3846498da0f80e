package dev.sandkeeper.testkit;

import dev.sandkeeper.internal.Workers;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.testkit.FaultPlan.Operation;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An {@link InMemoryProvider} as a process of its own, so that it outlives a killed JVM. {@link #main} prints one line,
 * {@code port=} and a number, and serves on that port of the loopback interface until its standard input ends: whoever
 * started it may die without leaving it behind. {@link ProviderProcess} starts one and is its witness; JVMs under test use
 * {@link InMemoryBackend#connect}. There is no protection against other users of the host.
 */
public final class InMemoryProviderServer implements AutoCloseable {
    private final InMemoryProvider provider;
    private final FaultPlan plan = FaultPlan.create();
    private final FaultInjectingBackend backend;
    private final ServerCalls calls;
    private final ServerSocketChannel listener;
    private final ThreadFactory threads = Workers.daemons("sandkeeper-memory-server");
    private final Map<Long, ServerSession> sessions = new ConcurrentHashMap<>();
    private final Set<Wire> connections = ConcurrentHashMap.newKeySet();
    private final AtomicLong lastSession = new AtomicLong();

    private InMemoryProviderServer(InMemoryProvider provider, ServerSocketChannel listener) {
        this.provider = provider;
        this.listener = listener;
        backend = FaultInjectingBackend.of(InMemoryBackend.over(provider), plan);
        calls = new ServerCalls(backend);
    }

    /**
     * Serves until standard input ends.
     *
     * @param arguments none
     * @throws IOException if there is no port to listen on
     */
    public static void main(String[] arguments) throws IOException {
        try (InMemoryProviderServer server = start(InMemoryProvider.create())) {
            System.out.println("port=" + server.port());
            System.out.flush();
            System.in.transferTo(OutputStream.nullOutputStream());
        }
    }

    static InMemoryProviderServer start(InMemoryProvider provider) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open();
        listener.setOption(StandardSocketOptions.SO_RCVBUF, 32 << 10);
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        InMemoryProviderServer server = new InMemoryProviderServer(provider, listener);
        server.threads.newThread(server::accept).start();
        return server;
    }

    int port() {
        try {
            return ((InetSocketAddress) listener.getLocalAddress()).getPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void accept() {
        try {
            while (true) {
                SocketChannel channel = listener.accept();
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                channel.setOption(StandardSocketOptions.SO_SNDBUF, 32 << 10);
                Wire wire = new Wire(channel);
                connections.add(wire);
                threads.newThread(() -> serve(wire)).start();
            }
        } catch (IOException e) {
            connections.forEach(RemoteInput::closeQuietly); // the listener was closed
        }
    }

    private void serve(Wire wire) {
        try (wire) {
            Wire.Op op = wire.op();
            try {
                answer(op, wire);
            } catch (RuntimeException e) {
                Faults.send(wire.flag(false), e);
            }
            wire.flush();
        } catch (IOException e) {
            // the client has gone: nobody is left who could be told
        } finally {
            connections.remove(wire);
        }
    }

    private void answer(Wire.Op op, Wire wire) throws IOException {
        switch (op) {
            case HELLO -> hello(wire);
            case GOODBYE -> {
                ServerSession session = sessions.remove(wire.number());
                if (session != null) {
                    session.end();
                }
                ServerCalls.ok(wire);
            }
            case FIND, STATE, TERMINATE, DESTROY, EXTEND, PAUSE, RESUME, LIST, USAGE, HEALTH -> calls.backend(op, wire);
            case CREATE, ATTACH -> calls.open(op, wire, session(wire));
            case DETACH -> {
                session(wire).detach(wire.number());
                ServerCalls.ok(wire);
            }
            case START -> calls.start(wire, session(wire));
            case PUMP, STDIN, SIGNAL, END, CLOSE ->
                calls.process(op, wire, session(wire).process(wire.number()));
            case WRITE, APPEND, READ, STAT, ENTRIES, MAKE_DIRECTORY, MOVE, REMOVE, SET_MODE, UNPACK, PACK ->
                calls.files(op, wire, session(wire).sandbox(wire.number()).files());
            default -> witness(op, wire);
        }
    }

    private ServerSession session(Wire wire) throws IOException {
        return sessions.computeIfAbsent(wire.number(), id -> {
            ServerSession ended = new ServerSession();
            ended.end();
            return ended;
        });
    }

    private void hello(Wire wire) throws IOException {
        long id = lastSession.incrementAndGet();
        ServerSession session = new ServerSession();
        sessions.put(id, session);
        try {
            ServerCalls.ok(wire)
                    .number(id)
                    .text(backend.name())
                    .number(backend.createSettlesWithin().toNanos())
                    .texts(backend.capabilities().stream().map(Capability::name).toList())
                    .flush();
            wire.awaitEnd();
        } finally {
            sessions.remove(id);
            session.end();
        }
    }

    private void witness(Wire.Op op, Wire wire) throws IOException {
        switch (op) {
            case RESOURCES -> {
                var resources = provider.resources();
                ServerCalls.ok(wire).number(resources.size());
                for (InMemoryProvider.Witnessed each : resources) {
                    wire.text(each.providerRef())
                            .text(each.deployment())
                            .id(each.sandboxId())
                            .instant(each.createdAt())
                            .instant(each.expiresAt())
                            .text(each.state().name())
                            .texts(each.running());
                }
            }
            case JOURNAL -> {
                var journal = provider.journal();
                ServerCalls.ok(wire).number(journal.size());
                for (InMemoryProvider.Event each : journal) {
                    wire.instant(each.at())
                            .text(each.action().name())
                            .text(each.providerRef())
                            .text(each.deployment())
                            .id(each.sandboxId());
                }
            }
            case LOSE -> {
                provider.lose(wire.text());
                ServerCalls.ok(wire);
            }
            case LEAVE_HALF_MADE -> {
                String ref = provider.leaveHalfMade(ServerCalls.request(wire));
                ServerCalls.ok(wire).text(ref);
            }
            case NEXT_FAULT -> {
                plan.next(Operation.valueOf(wire.text()), fault(wire));
                ServerCalls.ok(wire);
            }
            case STANDING_FAULT -> {
                plan.always(Operation.valueOf(wire.text()), fault(wire));
                ServerCalls.ok(wire);
            }
            case CALLS -> {
                int count = plan.calls(Operation.valueOf(wire.text()));
                ServerCalls.ok(wire).number(count);
            }
            default -> {
                plan.heal();
                ServerCalls.ok(wire);
            }
        }
    }

    private static Fault fault(Wire wire) throws IOException {
        return Fault.of(Fault.Kind.valueOf(wire.text()), Duration.ofNanos(wire.number()));
    }

    /** Ends all connections and forgets all sandboxes. Idempotent. */
    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            // then nobody can connect any more either
        }
        connections.forEach(RemoteInput::closeQuietly);
        sessions.values().forEach(ServerSession::end);
        backend.close();
        provider.resources().forEach(each -> provider.lose(each.providerRef()));
    }
}
