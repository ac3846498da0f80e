package dev.sandkeeper.testkit;

import dev.sandkeeper.SandboxId;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One connection between a backend and a provider in another process: a call each, values one after the other, both sides
 * from the same build. A channel and not a socket, because it answers an interrupt by closing. Buffers are small, so that
 * back-pressure is felt.
 */
final class Wire implements Closeable {
    /** What a connection is for. The first word of every one. */
    enum Op {
        HELLO,
        GOODBYE,
        CREATE,
        FIND,
        STATE,
        ATTACH,
        TERMINATE,
        DESTROY,
        EXTEND,
        PAUSE,
        RESUME,
        LIST,
        USAGE,
        HEALTH,
        DETACH,
        START,
        PUMP,
        STDIN,
        SIGNAL,
        END,
        CLOSE,
        WRITE,
        APPEND,
        READ,
        STAT,
        ENTRIES,
        MAKE_DIRECTORY,
        MOVE,
        REMOVE,
        SET_MODE,
        UNPACK,
        PACK,
        RESOURCES,
        JOURNAL,
        LOSE,
        LEAVE_HALF_MADE,
        NEXT_FAULT,
        STANDING_FAULT,
        HEAL,
        CALLS
    }

    private static final int BUFFER = 32 << 10;
    private static final int END = -1;
    private static final int FAILED = -2;

    private final SocketChannel channel;
    private final DataInputStream in;
    private final DataOutputStream out;

    Wire(SocketChannel channel) {
        this.channel = channel;
        in = new DataInputStream(new BufferedInputStream(Channels.newInputStream(channel), BUFFER));
        out = new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER));
    }

    static Wire connect(int port) throws IOException {
        SocketChannel channel = SocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_RCVBUF, BUFFER);
            channel.setOption(StandardSocketOptions.SO_SNDBUF, BUFFER);
            channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return new Wire(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    Wire op(Op op) throws IOException {
        return text(op.name());
    }

    Op op() throws IOException {
        return Op.valueOf(text());
    }

    /** As UTF-16, because names may have lone surrogates in them; null is a length of -1. */
    Wire text(@Nullable String text) throws IOException {
        out.writeInt(text == null ? -1 : text.length());
        if (text != null) {
            out.writeChars(text);
        }
        return this;
    }

    @Nullable
    String textOrNull() throws IOException {
        int length = in.readInt();
        if (length < 0) {
            return null;
        }
        byte[] bytes = in.readNBytes(length * 2);
        char[] chars = new char[length];
        for (int i = 0; i < length; i++) {
            chars[i] = (char) (bytes[2 * i] << 8 | (bytes[2 * i + 1] & 0xFF));
        }
        return new String(chars);
    }

    String text() throws IOException {
        String text = textOrNull();
        if (text == null) {
            throw new IOException("a text is missing on the wire");
        }
        return text;
    }

    Wire number(long number) throws IOException {
        out.writeLong(number);
        return this;
    }

    long number() throws IOException {
        return in.readLong();
    }

    Wire flag(boolean flag) throws IOException {
        out.writeBoolean(flag);
        return this;
    }

    boolean flag() throws IOException {
        return in.readBoolean();
    }

    Wire instant(@Nullable Instant instant) throws IOException {
        return text(instant == null ? null : instant.toString());
    }

    @Nullable
    Instant instantOrNull() throws IOException {
        String text = textOrNull();
        return text == null ? null : Instant.parse(text);
    }

    Instant instant() throws IOException {
        return Instant.parse(text());
    }

    Wire id(SandboxId id) throws IOException {
        out.writeLong(id.value().getMostSignificantBits());
        out.writeLong(id.value().getLeastSignificantBits());
        return this;
    }

    SandboxId id() throws IOException {
        return new SandboxId(new UUID(in.readLong(), in.readLong()));
    }

    Wire texts(List<String> texts) throws IOException {
        out.writeInt(texts.size());
        for (String text : texts) {
            text(text);
        }
        return this;
    }

    List<String> texts() throws IOException {
        int count = in.readInt();
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(text());
        }
        return texts;
    }

    Wire map(Map<String, String> map) throws IOException {
        out.writeInt(map.size());
        for (Map.Entry<String, String> entry : map.entrySet()) {
            text(entry.getKey()).text(entry.getValue());
        }
        return this;
    }

    Map<String, String> map() throws IOException {
        int count = in.readInt();
        Map<String, String> map = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            map.put(text(), text());
        }
        return map;
    }

    /** What kind of message follows. */
    Wire frame(int kind) throws IOException {
        out.writeInt(kind);
        return this;
    }

    Wire chunk(byte[] bytes, int offset, int length) throws IOException {
        out.writeInt(length);
        out.write(bytes, offset, length);
        return this;
    }

    /** Sends content in chunks. Where it cannot be read the other side hears so, and the fault is thrown here. */
    void content(InputStream content) throws IOException {
        byte[] buffer = new byte[BUFFER];
        int n;
        do {
            try {
                n = content.read(buffer);
            } catch (IOException | RuntimeException e) {
                out.writeInt(FAILED);
                flush();
                throw e;
            }
            if (n > 0) {
                chunk(buffer, 0, n);
            }
        } while (n >= 0);
        out.writeInt(END);
        flush();
    }

    /** The content that the other side sends. Closing it does not close the connection. */
    InputStream content() {
        return new InputStream() {
            private int left;

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                if (left == 0) {
                    left = in.readInt();
                }
                if (left == FAILED) {
                    throw new IOException("the content could not be read to its end");
                }
                if (left == END) {
                    return -1;
                }
                int n = in.read(bytes, offset, Math.min(left, length));
                if (n < 0) {
                    throw new IOException("the connection was lost");
                }
                left -= n;
                return n;
            }
        };
    }

    int chunkLength() throws IOException {
        return in.readInt();
    }

    byte[] bytes(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new IOException("the connection was lost");
        }
        return bytes;
    }

    /** Waits for the other side to close. */
    void awaitEnd() throws IOException {
        in.transferTo(OutputStream.nullOutputStream());
    }

    Wire flush() throws IOException {
        out.flush();
        return this;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
