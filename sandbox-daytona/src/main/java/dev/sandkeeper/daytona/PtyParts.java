package dev.sandkeeper.daytona;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.http.ProviderSocket;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.OutputParts;
import java.io.IOException;

/** What a terminal shows: one stream, in which messages of text are the daemon's own and none of the terminal's. */
final class PtyParts implements OutputParts {
    private final ProviderSocket socket;
    private byte[] bytes = {};

    PtyParts(ProviderSocket socket) {
        this.socket = socket;
    }

    @Override
    public Part next(Deadline deadline) throws IOException, InterruptedException {
        try {
            while (true) {
                ProviderSocket.Message message = socket.receive(deadline.time());
                if (message != null && !message.text()) {
                    bytes = message.data().toByteArray();
                    return Part.STDOUT;
                }
                if (message == null) {
                    return socket.ended() ? Part.END : Part.NOTHING;
                }
            }
        } catch (SandboxException e) {
            throw new IOException("the connection to a terminal was lost", e);
        }
    }

    @Override
    public byte[] buffer() {
        return bytes;
    }

    @Override
    public int start() {
        return 0;
    }

    @Override
    public int length() {
        return bytes.length;
    }
}
