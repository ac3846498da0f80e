package dev.sandkeeper.testkit.simulator.internal;

import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.jspecify.annotations.Nullable;

/** The simulator's side of a WebSocket. Sending is for one thread at a time; receiving too, and may be another one. */
public final class WebSocket implements Session.Listener.AutoDemanding {
    private final Exchange exchange;
    private final SimulatorServer server;
    private final Handler handler;
    private final BlockingQueue<Message> received = new LinkedBlockingQueue<>();
    private volatile @Nullable Session session;
    private volatile boolean gone;
    private int sent;

    WebSocket(Exchange exchange, SimulatorServer server, Handler handler) {
        this.exchange = exchange;
        this.server = server;
        this.handler = handler;
    }

    /** What is done with a socket. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Uses it until there is nothing more to say.
         *
         * @param socket open; closed with 1000 after this has returned, unless it was closed already
         * @throws Exception whatever goes wrong; the socket is closed with 1011
         */
        void handle(WebSocket socket) throws Exception;
    }

    /** A message of the client. */
    public static final class Message {
        private final boolean text;
        private final byte[] bytes;

        private Message(boolean text, byte[] bytes) {
            this.text = text;
            this.bytes = bytes;
        }

        /**
         * Whether it came as text.
         *
         * @return false if it came as bytes
         */
        public boolean isText() {
            return text;
        }

        /**
         * Its content.
         *
         * @return text as UTF-8
         */
        public byte[] bytes() {
            return bytes.clone();
        }
    }

    /**
     * Waits for the next message.
     *
     * @param patience how long
     * @return the message, or null if none came or the client has gone
     * @throws InterruptedException if the simulator is closed
     */
    public @Nullable Message receive(Duration patience) throws InterruptedException {
        Message message = received.poll();
        return message != null || gone ? message : received.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Whether the client has closed it or the connection was lost.
     *
     * @return false while it is open
     */
    public boolean gone() {
        return gone;
    }

    /**
     * Sends text.
     *
     * @param text the message
     * @throws IOException if the client has gone
     */
    public void sendText(String text) throws IOException {
        send(text.getBytes(StandardCharsets.UTF_8), true);
    }

    /**
     * Sends bytes. Blocks while the client does not read.
     *
     * @param bytes the message
     * @throws IOException if the client has gone
     */
    public void sendBinary(byte[] bytes) throws IOException {
        send(bytes, false);
    }

    private void send(byte[] message, boolean text) throws IOException {
        int number = sent++;
        Wire wire = exchange.wire();
        if (wire.has(Kind.CUT) && number > 0) {
            cut();
        }
        if (wire.has(Kind.STALL) && number == 1) {
            wire.stall();
        }
        for (byte[] each : server.alteration().message(exchange, number, message)) {
            Session open = session;
            if (gone || open == null) {
                throw new IOException("the client has gone");
            }
            wire.keep(each);
            await(
                    text
                            ? textSent(open, each)
                            : Callback.Completable.with(c -> open.sendBinary(ByteBuffer.wrap(each), c)));
        }
    }

    private static Callback.Completable textSent(Session open, byte[] text) {
        return Callback.Completable.with(c -> open.sendText(new String(text, StandardCharsets.UTF_8), c));
    }

    private static void await(Callback.Completable sent) throws IOException {
        try {
            sent.get();
        } catch (ExecutionException e) {
            throw new IOException("the client has gone", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("the simulator is closed", e);
        }
    }

    /**
     * Closes it in order.
     *
     * @param code of the close frame
     * @param reason of the close frame
     */
    public void close(int code, String reason) {
        Session open = session;
        if (open != null && !gone) {
            open.close(code, reason, Callback.NOOP);
        }
        gone = true;
    }

    /**
     * Closes the connection without a close frame.
     *
     * @throws IOException always, as to whoever sends
     */
    public void cut() throws IOException {
        Session open = session;
        gone = true;
        if (open != null) {
            open.disconnect();
        }
        throw new IOException("the connection was cut");
    }

    /** Called by the server of WebSockets. */
    @Override
    public void onWebSocketOpen(Session opened) {
        session = opened;
        server.run("socket", () -> {
            try {
                handler.handle(this);
                close(1000, "");
            } catch (InterruptedException | IOException e) {
                close(1001, "");
            } catch (Exception e) {
                server.log(exchange, e);
                close(1011, "internal error");
            } finally {
                exchange.wire().handedOver(true);
            }
        });
    }

    /** Called by the server of WebSockets. */
    @Override
    public void onWebSocketText(String text) {
        received.add(new Message(true, text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Called by the server of WebSockets. */
    @Override
    public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        received.add(new Message(false, bytes));
        callback.succeed();
    }

    /** Called by the server of WebSockets. */
    @Override
    public void onWebSocketError(Throwable cause) {
        gone = true;
    }

    /** Called by the server of WebSockets. */
    @Override
    public void onWebSocketClose(int code, String reason, Callback callback) {
        gone = true;
        callback.succeed();
    }
}
