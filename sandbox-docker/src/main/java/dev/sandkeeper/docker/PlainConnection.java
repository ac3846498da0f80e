package dev.sandkeeper.docker;

import dev.sandkeeper.internal.Deadline;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A unix socket or TCP without TLS. The channel does not block; selectors wait, one for each direction. */
final class PlainConnection extends EngineConnection {
    private static final Logger LOG = LoggerFactory.getLogger(PlainConnection.class);

    private final SocketChannel channel;
    private final Selector readable;
    private volatile @Nullable Selector writable;
    private volatile boolean closed;

    private PlainConnection(SocketChannel channel) throws IOException {
        this.channel = channel;
        channel.configureBlocking(false);
        this.readable = Selector.open();
        channel.register(readable, SelectionKey.OP_READ);
    }

    static PlainConnection open(EngineAddress address, Deadline deadline) throws IOException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        Path socket = address.socket();
        SocketChannel channel = socket == null ? SocketChannel.open() : SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            if (socket != null) {
                channel.connect(UnixDomainSocketAddress.of(socket));
            } else {
                connect(channel, address, deadline);
            }
            return new PlainConnection(channel);
        } catch (IOException | InterruptedException | RuntimeException e) {
            channel.close();
            if (e instanceof IOException && Thread.interrupted()) {
                throw new InterruptedException();
            }
            throw e;
        }
    }

    private static void connect(SocketChannel channel, EngineAddress address, Deadline deadline)
            throws IOException, InterruptedException {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        // an engine's host that vanished must not hold a reader for ever
        channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        channel.configureBlocking(false);
        InetSocketAddress target = new InetSocketAddress(address.host(), address.port());
        if (target.isUnresolved()) {
            throw new UnknownHostException(address.host());
        }
        channel.connect(target);
        try (Selector selector = Selector.open()) {
            channel.register(selector, SelectionKey.OP_CONNECT);
            while (!channel.finishConnect()) {
                if (!await(selector, deadline)) {
                    throw new SocketTimeoutException("no connection to " + address + " in time");
                }
            }
        }
    }

    @Override
    int read(ByteBuffer target, Deadline deadline) throws IOException, InterruptedException {
        while (true) {
            checkOpen();
            int count = channel.read(target);
            if (count != 0) {
                return count;
            }
            if (!await(readable, deadline)) {
                return 0;
            }
        }
    }

    @Override
    synchronized void write(ByteBuffer source, Deadline deadline) throws IOException, InterruptedException {
        while (source.hasRemaining()) {
            checkOpen();
            if (channel.write(source) == 0 && !await(writable(), deadline)) {
                throw new SocketTimeoutException("the engine took no more bytes in time");
            }
        }
    }

    private Selector writable() throws IOException {
        Selector selector = writable;
        if (selector == null) {
            selector = Selector.open();
            channel.register(selector, SelectionKey.OP_WRITE);
            writable = selector;
            if (closed) {
                selector.close();
            }
        }
        return selector;
    }

    /** Answers false if the deadline passed. */
    private static boolean await(Selector selector, Deadline deadline) throws IOException, InterruptedException {
        long left = deadline.left();
        if (left <= 0) {
            return false;
        }
        try {
            // rounded up: a wait of less than a millisecond must not become a wait for ever, nor a busy loop
            selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left + 999_999)));
            selector.selectedKeys().clear();
        } catch (ClosedSelectorException e) {
            throw closedChannel(e);
        }
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        return true;
    }

    @Override
    void shutdownOutput() throws IOException {
        if (!closed) {
            channel.shutdownOutput();
        }
    }

    private void checkOpen() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    private static ClosedChannelException closedChannel(Throwable cause) {
        ClosedChannelException e = new ClosedChannelException();
        e.initCause(cause);
        return e;
    }

    @Override
    public void close() {
        closed = true;
        try {
            channel.close();
            readable.close();
            Selector selector = writable;
            if (selector != null) {
                selector.close();
            }
        } catch (IOException e) {
            LOG.debug("closing a connection to the engine", e);
        }
    }
}
