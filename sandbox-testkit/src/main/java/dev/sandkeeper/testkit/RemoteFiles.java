package dev.sandkeeper.testkit;

import dev.sandkeeper.FileInfo;
import dev.sandkeeper.spi.BackendFiles;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/** Files of a sandbox whose provider is in another process. */
final class RemoteFiles implements BackendFiles {
    private final RemoteCalls calls;
    private final long sessionId;
    private final long handle;

    RemoteFiles(RemoteCalls calls, long sessionId, long handle) {
        this.calls = calls;
        this.sessionId = sessionId;
        this.handle = handle;
    }

    private Wire at(Wire wire, String path) throws IOException {
        return wire.number(sessionId).number(handle).text(path);
    }

    @Override
    public void write(String path, InputStream content, int mode) {
        calls.run(Wire.Op.WRITE, wire -> send(at(wire, path).number(mode), content));
    }

    @Override
    public void append(String path, InputStream content) {
        calls.run(Wire.Op.APPEND, wire -> send(at(wire, path), content));
    }

    @Override
    public void unpack(String path, InputStream tar) {
        calls.run(Wire.Op.UNPACK, wire -> send(at(wire, path), tar));
    }

    /** The other side hears of a content that fails and answers what is to be thrown. */
    private static void send(Wire wire, InputStream content) throws IOException {
        boolean[] reading = {false};
        InputStream watched = new FilterInputStream(content) {
            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                reading[0] = true;
                int n = in.read(bytes, offset, length);
                reading[0] = false;
                return n;
            }
        };
        try {
            wire.content(watched);
        } catch (IOException e) {
            if (!reading[0]) {
                throw e;
            }
        }
    }

    @Override
    public InputStream read(String path) {
        return received(calls.open(Wire.Op.READ, wire -> at(wire, path)));
    }

    @Override
    public InputStream pack(String path) {
        return received(calls.open(Wire.Op.PACK, wire -> at(wire, path)));
    }

    private static InputStream received(Wire wire) {
        return new FilterInputStream(wire.content()) {
            @Override
            public void close() throws IOException {
                wire.close();
            }
        };
    }

    static void send(Wire wire, FileInfo info) throws IOException {
        wire.text(info.path())
                .text(info.type().name())
                .number(info.size())
                .number(info.mode())
                .instant(info.modifiedAt());
    }

    private static FileInfo info(Wire wire) throws IOException {
        return new FileInfo(
                wire.text(), FileInfo.Type.valueOf(wire.text()), wire.number(), (int) wire.number(), wire.instant());
    }

    @Override
    public FileInfo stat(String path) {
        return calls.call(Wire.Op.STAT, wire -> at(wire, path), RemoteFiles::info);
    }

    @Override
    public List<FileInfo> list(String path, int limit) {
        return calls.call(Wire.Op.ENTRIES, wire -> at(wire, path).number(limit), wire -> {
            List<FileInfo> entries = new ArrayList<>();
            for (long left = wire.number(); left > 0; left--) {
                entries.add(info(wire));
            }
            return entries;
        });
    }

    @Override
    public void makeDirectory(String path) {
        calls.run(Wire.Op.MAKE_DIRECTORY, wire -> at(wire, path));
    }

    @Override
    public void move(String from, String to) {
        calls.run(Wire.Op.MOVE, wire -> at(wire, from).text(to));
    }

    @Override
    public void remove(String path, boolean recursive) {
        calls.run(Wire.Op.REMOVE, wire -> at(wire, path).flag(recursive));
    }

    @Override
    public void setMode(String path, int mode) {
        calls.run(Wire.Op.SET_MODE, wire -> at(wire, path).number(mode));
    }
}
