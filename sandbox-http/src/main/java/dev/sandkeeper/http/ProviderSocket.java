package dev.sandkeeper.http;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * A WebSocket that is read when its owner has time: what waits is bounded, and beyond that the other side has to wait. A
 * ping every 30 seconds finds a dead connection. Safe from many threads.
 */
public final class ProviderSocket implements AutoCloseable {
    private static final long MOST_WAITING = 256 * 1024;
    private static final long MOST_UNSENT = 1024 * 1024;
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final int NORMAL = 1000;
    private static final int NO_STATUS = 1005;

    /**
     * One message.
     *
     * @param data its bytes
     * @param text whether it was sent as text
     */
    public record Message(ByteString data, boolean text) {}

    private final ProviderClient client;
    private final ProviderCall call;
    private final Runnable over;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Message> waiting = new ArrayDeque<>();
    private long waitingBytes;
    private @Nullable WebSocket socket;
    private @Nullable Response refusal;
    private @Nullable SandboxException fault;
    private boolean open;
    private boolean closed;
    private int closeCode = -1;
    private String closeReason = "";

    ProviderSocket(ProviderClient client, ProviderCall call, Runnable over) {
        this.client = client;
        this.call = call;
        this.over = over;
    }

    /** Waits until it is open, refused or failed. */
    void open(OkHttpClient ok, Deadline deadline, boolean clientClosed) throws InterruptedException {
        Silence silence = new Silence(deadline.time().plusMillis(1));
        WebSocket started = ok.newWebSocket(call.request(null, silence), new Listener());
        lock.lockInterruptibly();
        try {
            socket = started;
            if (closed || clientClosed) {
                started.cancel();
            }
            while (!open && refusal == null && fault == null && closeCode < 0 && !deadline.passed()) {
                changed.awaitNanos(deadline.left());
            }
            if (!open && refusal == null && fault == null) {
                fault = lost("provider_timeout", "no connection in time", null);
            }
        } finally {
            lock.unlock();
        }
    }

    @Nullable
    Response refusal() {
        lock.lock();
        try {
            return refusal;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Why it broke.
     *
     * @return null if it did not, or was ended properly
     */
    public @Nullable SandboxException fault() {
        lock.lock();
        try {
            return fault;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for a message.
     *
     * @param time how long
     * @return the next message; null if none came in time, or none will come: {@link #ended()} tells
     * @throws SandboxException if the connection is lost, after the last message that came
     * @throws InterruptedException if the calling thread was interrupted; nothing is lost by that
     */
    public @Nullable Message receive(Duration time) throws InterruptedException {
        Deadline deadline = Deadline.in(time);
        lock.lockInterruptibly();
        try {
            while (waiting.isEmpty() && !over() && !deadline.passed()) {
                changed.awaitNanos(deadline.left());
            }
            Message message = closed ? null : waiting.poll();
            if (message != null) {
                waitingBytes -= message.data().size();
                changed.signalAll();
                return message;
            }
            if (fault != null && !closed) {
                throw fault;
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    private boolean over() {
        return closed || fault != null || closeCode >= 0;
    }

    /** {@return whether nothing more will come and everything that came was taken} */
    public boolean ended() {
        lock.lock();
        try {
            return over() && (closed || waiting.isEmpty());
        } finally {
            lock.unlock();
        }
    }

    /** {@return the code with which the other side closed; -1 if it has not, 1005 if it gave none} */
    public int closeCode() {
        lock.lock();
        try {
            return closeCode;
        } finally {
            lock.unlock();
        }
    }

    /** {@return the reason that the other side gave; empty if none} */
    public String closeReason() {
        lock.lock();
        try {
            return closeReason;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Sends text. Waits while more than 1 MiB is not sent yet.
     *
     * @param text the message
     * @param deadline how long it may wait
     * @throws IOException if it cannot be sent any more, or not in time
     * @throws InterruptedException if the calling thread was interrupted; the message was not sent
     */
    public void send(String text, Duration deadline) throws IOException, InterruptedException {
        WebSocket ready = ready(Deadline.in(deadline));
        if (!ready.send(text)) {
            throw new IOException("the connection is closed");
        }
    }

    /**
     * Sends bytes. Waits while more than 1 MiB is not sent yet.
     *
     * @param data the message
     * @param deadline how long it may wait
     * @throws IOException if it cannot be sent any more, or not in time
     * @throws InterruptedException if the calling thread was interrupted; the message was not sent
     */
    public void send(ByteString data, Duration deadline) throws IOException, InterruptedException {
        WebSocket ready = ready(Deadline.in(deadline));
        if (!ready.send(data)) {
            throw new IOException("the connection is closed");
        }
    }

    /** OkHttp tells how much is not sent, and nobody when it becomes less. */
    private WebSocket ready(Deadline deadline) throws IOException, InterruptedException {
        while (true) {
            WebSocket current;
            lock.lockInterruptibly();
            try {
                if (over() || socket == null) {
                    throw new IOException("the connection is closed");
                }
                current = socket;
            } finally {
                lock.unlock();
            }
            if (current.queueSize() <= MOST_UNSENT) {
                return current;
            }
            if (deadline.passed()) {
                throw new IOException("the other side takes nothing");
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    /** Says that nothing more will be sent; what is on its way still comes. Idempotent. */
    public void finish() {
        lock.lock();
        try {
            if (socket != null) {
                socket.close(NORMAL, null);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Gives the connection up. Idempotent, never throws, never blocks. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                if (socket != null) {
                    socket.cancel();
                }
                waiting.clear();
                changed.signalAll();
            }
        } finally {
            lock.unlock();
            client.gone(this);
            over.run();
        }
    }

    private BackendUnavailableException lost(String code, String reason, @Nullable Throwable cause) {
        return new BackendUnavailableException(
                client.failure(code, "could not " + call.what() + ": " + reason).cause(cause));
    }

    private final class Listener extends WebSocketListener {
        @Override
        public void onOpen(WebSocket webSocket, Response response) {
            change(() -> open = true);
        }

        @Override
        public void onMessage(WebSocket webSocket, String text) {
            take(new Message(ByteString.encodeUtf8(text), true));
        }

        @Override
        public void onMessage(WebSocket webSocket, ByteString bytes) {
            take(new Message(bytes, false));
        }

        /** On the thread that reads the connection: while this waits, nothing is read. */
        private void take(Message message) {
            lock.lock();
            try {
                int size = message.data().size();
                while (!closed && !waiting.isEmpty() && waitingBytes + size > MOST_WAITING) {
                    changed.awaitUninterruptibly();
                }
                if (!closed) {
                    waiting.add(message);
                    waitingBytes += size;
                    changed.signalAll();
                }
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void onClosing(WebSocket webSocket, int code, String reason) {
            change(() -> {
                closeCode = code;
                closeReason = client.secrets().mask(reason);
            });
            webSocket.close(code == NO_STATUS ? NORMAL : code, null);
        }

        @Override
        public void onFailure(WebSocket webSocket, Throwable t, @Nullable Response response) {
            change(() -> {
                if (!open && response != null) {
                    refusal = copy(response);
                } else if (closeCode < 0) {
                    String message = t.getMessage();
                    String words = message == null ? t.getClass().getSimpleName() : message;
                    fault = lost(
                            open ? "connection_lost" : "provider_unreachable",
                            client.secrets().mask("the connection " + (open ? "was lost: " : "failed: ") + words),
                            client.secrets().clean(t));
                }
            });
        }

        /** OkHttp closes the body as soon as this thread is done with it. */
        private Response copy(Response response) {
            try {
                return response.newBuilder().body(response.peekBody(64 * 1024)).build();
            } catch (IOException e) {
                return response.newBuilder()
                        .body(okhttp3.ResponseBody.create("", null))
                        .build();
            }
        }

        private void change(Runnable change) {
            lock.lock();
            try {
                change.run();
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
