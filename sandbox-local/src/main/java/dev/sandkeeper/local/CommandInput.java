package dev.sandkeeper.local;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Standard input of a command: nothing stays behind in a buffer. */
final class CommandInput extends FilterOutputStream {
    CommandInput(OutputStream out) {
        super(out);
    }

    /** For a command that reads the end of file at once. */
    static OutputStream none() {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("this command was started without standard input");
            }
        };
    }

    @Override
    public void write(int b) throws IOException {
        out.write(b);
        out.flush();
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
        out.flush();
    }
}
