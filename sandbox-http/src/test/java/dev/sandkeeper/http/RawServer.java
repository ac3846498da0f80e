package dev.sandkeeper.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.HttpUrl;

/** A server that does to a connection what no decent one does. */
final class RawServer implements AutoCloseable {
    /** What is done with one connection, whose request's head was read. */
    interface Answer {
        void to(OutputStream out, CountDownLatch closing) throws IOException, InterruptedException;
    }

    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Queue<Socket> open = new ConcurrentLinkedQueue<>();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final AtomicInteger requests = new AtomicInteger();

    RawServer(Answer answer) throws IOException {
        start(() -> {
            while (true) {
                Socket socket = server.accept();
                open.add(socket);
                start(() -> serve(socket, answer));
            }
        });
    }

    /** Sends the beginning of an answer and no more. */
    static Answer stallsAfter(String start) {
        return (out, closing) -> {
            out.write(start.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
            closing.await();
        };
    }

    /** Sends the beginning of an answer and hangs up. */
    static Answer cutsAfter(String start) {
        return (out, closing) -> out.write(start.getBytes(StandardCharsets.ISO_8859_1));
    }

    private interface Task {
        void run() throws IOException, InterruptedException;
    }

    private void start(Task task) {
        Thread thread = new Thread(
                () -> {
                    try {
                        task.run();
                    } catch (SocketException e) {
                        // closed, here or there: that is how each of them ends
                    } catch (IOException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                },
                "raw-server");
        thread.start();
    }

    private void serve(Socket socket, Answer answer) throws IOException, InterruptedException {
        try (socket) {
            if (!head(socket.getInputStream()).isEmpty()) {
                requests.incrementAndGet();
                answer.to(socket.getOutputStream(), closing);
            }
        }
    }

    private static String head(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int b = in.read();
            if (b < 0) {
                return "";
            }
            head.write(b);
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    HttpUrl url() {
        return HttpUrl.get("http://127.0.0.1:" + server.getLocalPort() + "/v1/things");
    }

    int requests() {
        return requests.get();
    }

    @Override
    public void close() throws IOException {
        closing.countDown();
        server.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
