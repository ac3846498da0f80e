package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.TerminalSize;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * A simulated terminal: line by line with echo, or raw. Of the keys that send signals it knows Ctrl-C, which all processes
 * of the command hear.
 */
final class Terminal extends OpenFile {
    private static final int INTERRUPT = 3;
    private static final int END_OF_FILE = 4;
    private static final int MOST_TYPED = 64 << 10;

    private final Pipe out;
    private final Runnable interrupt;
    private final Keyboard keyboard = new Keyboard();
    /** What programs read: what was passed on at one time, or nothing at all for an end of file. */
    private final Deque<byte[]> passed = new ArrayDeque<>();

    /** What has been typed of a line. Only the keyboard, which is locked meanwhile, uses it. */
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    private TerminalSize size;
    private boolean raw;
    private int waiting;
    private boolean hungUp;

    /**
     * A terminal for one command.
     *
     * @param out where its output goes
     * @param interrupt what Ctrl-C does
     */
    Terminal(TerminalSize size, Pipe out, Runnable interrupt) {
        this.size = size;
        this.out = out;
        this.interrupt = interrupt;
    }

    synchronized TerminalSize size() {
        return size;
    }

    synchronized void resize(TerminalSize changed) {
        size = changed;
    }

    synchronized void setRaw(boolean value) {
        raw = value;
    }

    private synchronized boolean raw() {
        return raw;
    }

    OutputStream keyboard() {
        return keyboard;
    }

    /** The command or its host's connection has ended. */
    synchronized void hangUp() {
        hungUp = true;
        notifyAll();
    }

    @Override
    void opened() {
        out.addWriter(1);
    }

    @Override
    void closed() {
        out.addWriter(-1);
    }

    @Override
    synchronized int read(byte[] bytes, int offset, int count) throws InterruptedException {
        while (passed.isEmpty() && !hungUp) {
            wait();
        }
        byte[] next = passed.isEmpty() ? new byte[0] : passed.remove();
        if (next.length == 0) {
            return -1;
        }
        int n = Math.min(count, next.length);
        System.arraycopy(next, 0, bytes, offset, n);
        if (n < next.length) {
            passed.addFirst(Arrays.copyOfRange(next, n, next.length));
        }
        waiting -= n;
        notifyAll();
        return n;
    }

    @Override
    int write(byte[] bytes, int offset, int count) throws InterruptedException, IOException {
        if (raw()) {
            return out.write(bytes, offset, count);
        }
        int plain = 0;
        while (plain < count && bytes[offset + plain] != '\n') {
            plain++;
        }
        if (plain > 0) {
            return out.write(bytes, offset, plain);
        }
        print(new byte[] {'\r', '\n'});
        return 1;
    }

    private void print(byte[] bytes) throws InterruptedException, IOException {
        for (int done = 0; done < bytes.length; ) {
            done += out.write(bytes, done, bytes.length - done);
        }
    }

    /** Whoever reads it comes after its echo. */
    private void type(byte key) throws InterruptedException, IOException {
        awaitRoom();
        if (raw()) {
            pass(new byte[] {key});
        } else if (key == INTERRUPT) {
            line.reset();
            print(new byte[] {'^', 'C'});
            interrupt.run();
        } else if (key == END_OF_FILE) {
            pass(line.toByteArray());
            line.reset();
        } else if (key == '\n' || key == '\r') {
            print(new byte[] {'\r', '\n'});
            line.write('\n');
            pass(line.toByteArray());
            line.reset();
        } else {
            print(new byte[] {key});
            line.write(key);
        }
    }

    private synchronized void awaitRoom() throws InterruptedException, IOException {
        while (waiting >= MOST_TYPED && !hungUp) {
            wait();
        }
        if (hungUp) {
            throw new IOException("the command has ended");
        }
    }

    private synchronized void pass(byte[] bytes) {
        passed.add(bytes);
        waiting += bytes.length;
        notifyAll();
    }

    /** The host's end of it. */
    private final class Keyboard extends OutputStream {
        private boolean closed;

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int count) throws IOException {
            if (closed) {
                throw new IOException("standard input is closed");
            }
            try {
                for (int i = 0; i < count; i++) {
                    type(bytes[offset + i]);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw (IOException) new InterruptedIOException("interrupted while typing").initCause(e);
            }
        }

        @Override
        public synchronized void close() {
            if (!closed) {
                try {
                    write(new byte[] {END_OF_FILE, END_OF_FILE}, 0, line.size() == 0 ? 1 : 2);
                } catch (IOException e) {
                    hangUp(); // nobody reads any more
                }
                closed = true;
            }
        }
    }

    /** The program tty. */
    static int tty(Proc proc, List<String> arguments) throws IOException {
        boolean terminal = proc.descriptors.get(0) instanceof Terminal;
        proc.print(1, terminal ? "/dev/pts/0\n" : "not a tty\n");
        return terminal ? 0 : 1;
    }

    /** The program stty: its size, and raw or sane as a whole. */
    static int stty(Proc proc, List<String> arguments) throws IOException {
        if (!(proc.descriptors.get(0) instanceof Terminal terminal)) {
            return Tools.fail(proc, "stty", "standard input: Inappropriate ioctl for device");
        }
        List<String> asked = arguments.subList(1, arguments.size());
        if (asked.equals(List.of("size"))) {
            TerminalSize size = terminal.size();
            proc.print(1, size.rows() + " " + size.columns() + "\n");
        } else if (asked.equals(List.of("raw", "-echo")) || asked.equals(List.of("sane"))) {
            terminal.setRaw(asked.size() > 1);
        } else {
            return Tools.fail(proc, "stty", "only size, raw -echo and sane are simulated");
        }
        return 0;
    }
}
