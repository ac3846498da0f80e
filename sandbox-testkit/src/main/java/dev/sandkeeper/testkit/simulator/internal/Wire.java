package dev.sandkeeper.testkit.simulator.internal;

import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** How an answer goes out: begun once, ended once, and on the way whatever the plan of faults has for it. */
final class Wire {
    private final Exchange exchange;
    private final Request request;
    private final Response response;
    private final Callback callback;
    private final SimulatorServer server;
    private final Kept kept;
    private volatile @Nullable SimulatorFault fault;
    private volatile boolean begun;
    private boolean ended;

    Wire(Exchange exchange, Request request, Response response, Callback callback, SimulatorServer server) {
        this.exchange = exchange;
        this.request = request;
        this.response = response;
        this.callback = callback;
        this.server = server;
        this.kept = new Kept(server.keepsTraffic());
    }

    void fault(@Nullable SimulatorFault planned) {
        fault = planned;
    }

    boolean begun() {
        return begun;
    }

    boolean has(Kind kind) {
        SimulatorFault planned = fault;
        return planned != null && planned.kind() == kind;
    }

    /** Whether nothing of an answer may be sent, and the connection is cut already. */
    boolean lostBeforeAnswer() {
        if (has(Kind.LOST_ANSWER)) {
            cut();
            return true;
        }
        return false;
    }

    void whole(Answer answer) {
        if (lostBeforeAnswer()) {
            return;
        }
        byte[] body = answer.body();
        boolean empty = body.length == 0 || "HEAD".equals(request.getMethod());
        begin(answer);
        if (!empty || (answer.status() != 204 && answer.status() != 304)) {
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
        }
        try {
            if (has(Kind.CUT) && empty) {
                cut();
            } else if (empty) {
                end();
            } else if (has(Kind.CUT)) {
                write(body, 0, body.length / 2);
                cut();
            } else if (has(Kind.STALL)) {
                write(body, 0, body.length / 2);
                stall();
                write(body, body.length / 2, body.length - body.length / 2);
                end();
            } else {
                kept.add(body, 0, body.length);
                end(ByteBuffer.wrap(body));
            }
        } catch (IOException e) {
            // The client has gone, which is its right.
            cut();
        }
    }

    void begin(Answer head) {
        if (begun) {
            throw new IllegalStateException("answered already: " + exchange);
        }
        begun = true;
        response.setStatus(head.status());
        head.headers().forEach((name, value) -> response.getHeaders().put(name, value));
    }

    /** Sends the head alone, so that the client sees it before there is a body. */
    void flushHead() throws IOException {
        Content.Sink.write(response, false, ByteBuffer.allocate(0));
    }

    void write(byte[] bytes, int offset, int length) throws IOException {
        kept.add(bytes, offset, length);
        Content.Sink.write(response, false, ByteBuffer.wrap(bytes, offset, length));
    }

    void keep(byte[] bytes) {
        kept.add(bytes, 0, bytes.length);
    }

    void stall() {
        SimulatorFault planned = fault;
        if (planned != null) {
            server.pause(planned.time());
        }
    }

    void end() {
        end(ByteBuffer.allocate(0));
    }

    /** Whoever listens is told before the client can have the answer, so that a test finds it there. */
    private void end(ByteBuffer last) {
        if (!ends()) {
            return;
        }
        exchange.finished(response.getStatus(), response.getHeaders(), kept.bytes(), true);
        try {
            Content.Sink.write(response, true, last);
            callback.succeeded();
        } catch (IOException e) {
            callback.failed(e);
        }
    }

    void cut() {
        begun = true;
        if (ends()) {
            exchange.finished(
                    response.isCommitted() ? response.getStatus() : 0, response.getHeaders(), kept.bytes(), false);
            endPoint().close();
            // Jetty takes the connection back with this; where nothing was sent it would complain of a failure.
            if (response.isCommitted()) {
                callback.failed(new IOException("the connection was cut"));
            } else {
                callback.succeeded();
            }
        }
    }

    private synchronized boolean ends() {
        boolean first = !ended;
        ended = true;
        return first;
    }

    /** Ends an exchange whose connection a WebSocket has taken. */
    void handedOver(boolean complete) {
        if (ends()) {
            exchange.finished(101, response.getHeaders(), kept.bytes(), complete);
        }
    }

    void notUpgraded() {
        begun = false;
    }

    void upgraded() {
        begun = true;
    }

    /**
     * Whether the client has closed its side. Nobody reads the connection while a request is answered, so this does; a client
     * that sends its next request before the answer has ended is taken for gone.
     */
    boolean clientGone() {
        try {
            return !endPoint().isOpen() || probed();
        } catch (IOException e) {
            return true;
        }
    }

    private boolean probed() throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        // Jetty fills a buffer behind its limit.
        one.limit(0);
        return endPoint().fill(one) != 0;
    }

    EndPoint endPoint() {
        return request.getConnectionMetaData().getConnection().getEndPoint();
    }
}
