package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.Signal;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A simulated process: a thread, descriptors, an environment and a working directory. Only a signal interrupts the thread;
 * whatever blocks goes through {@link #blocking}, where lethal ones end it.
 */
final class Proc {
    /** Its terminal has another size. */
    static final int WINCH = 28;

    private static final int SIGPIPE = 13;

    final Machine machine;
    final MachineProcess command;
    final int pid;
    final int uid;
    final Map<String, String> environment;
    final Map<Integer, OpenFile> descriptors = new TreeMap<>();
    volatile List<String> arguments;
    String directory;

    private final CountDownLatch ended = new CountDownLatch(1);
    private final Map<Integer, String> traps = new HashMap<>();
    private final Queue<Integer> caught = new ArrayDeque<>();
    private @Nullable Thread thread;
    private int killedBy;
    private boolean stopped;
    private int status;

    Proc(Machine machine, MachineProcess command, int pid, int uid, Map<String, String> environment, String directory) {
        this.machine = machine;
        this.command = command;
        this.pid = pid;
        this.uid = uid;
        this.environment = new TreeMap<>(environment);
        this.directory = directory;
        this.arguments = List.of();
    }

    /** A signal has ended the process; unwinds its thread. */
    static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Killed() {
            super(null, null, false, false);
        }
    }

    /** What a process runs. */
    @FunctionalInterface
    interface Program {
        int run(Proc proc) throws IOException;
    }

    @FunctionalInterface
    private interface Blocking<T> {
        T run() throws IOException, InterruptedException;
    }

    /** A copy that shares the descriptors, as fork(2). Of its traps only ignored signals are inherited. */
    Proc fork() {
        @Nullable Proc child;
        synchronized (machine) {
            child = machine.hasEnded() ? null : machine.newProc(command, uid, environment, directory);
        }
        if (child == null) {
            // the machine kills this process too, but may not have come to it yet
            signal(Signal.KILL.number());
            throw new Killed();
        }
        child.arguments = arguments;
        descriptors.forEach((number, file) -> child.descriptors.put(number, file.hold()));
        synchronized (this) {
            traps.forEach((number, action) -> {
                if (action.isEmpty()) {
                    child.traps.put(number, action);
                }
            });
        }
        return child;
    }

    /** Runs a program; whoever wants to know the status before the descriptors close gives a hook. */
    synchronized void start(Program program, IntConsumer beforeEnd) {
        thread = new Thread(() -> run(program, beforeEnd), "sandkeeper-memory-" + pid);
        thread.setDaemon(true);
        thread.start();
    }

    private void run(Program program, IntConsumer beforeEnd) {
        int code = 128 + Signal.KILL.number();
        try {
            checkSignals();
            code = program.run(this) & 0xFF;
        } catch (Killed e) {
            code = 128 + killedBy();
        } catch (Pipe.Broken e) {
            code = 128 + SIGPIPE;
        } catch (IOException e) {
            code = 1;
        } finally {
            beforeEnd.accept(code);
            end(code);
        }
    }

    void end(int code) {
        descriptors.values().forEach(OpenFile::release);
        descriptors.clear();
        synchronized (this) {
            status = code;
        }
        machine.remove(this);
        ended.countDown();
    }

    boolean hasEnded() {
        return ended.getCount() == 0;
    }

    synchronized int status() {
        return status;
    }

    private synchronized int killedBy() {
        return killedBy;
    }

    synchronized void signal(int number) {
        if (number == Signal.STOP.number()) {
            // its thread may come to stop itself before it sees what has killed it
            stopped = stopped || killedBy == 0;
        } else if (number == Signal.CONT.number()) {
            stopped = false;
            notifyAll();
            return;
        } else if (number != Signal.KILL.number() && traps.containsKey(number)) {
            caught.add(number);
        } else if (number == WINCH) {
            return;
        } else if (killedBy == 0 || number == Signal.KILL.number()) {
            killedBy = number;
        }
        wake();
    }

    /** Has the thread look at its signals and at whether the machine is paused. */
    synchronized void wake() {
        notifyAll();
        if (thread != null) {
            thread.interrupt();
        }
    }

    synchronized void trap(int number, @Nullable String action) {
        if (action == null) {
            traps.remove(number);
        } else {
            traps.put(number, action);
        }
    }

    /** The action of a trap that is due; an empty one is a signal ignored. */
    synchronized @Nullable String dueTrap() {
        Integer number = caught.poll();
        return number == null ? null : traps.get(number);
    }

    synchronized void checkSignals() {
        while (killedBy != Signal.KILL.number() && (stopped || machine.paused())) {
            try {
                wait();
            } catch (InterruptedException e) {
                // a signal: the condition says whether it matters
            }
        }
        if (killedBy != 0) {
            throw new Killed();
        }
    }

    private <T> T blocking(Blocking<T> call) throws IOException {
        while (true) {
            checkSignals();
            try {
                return call.run();
            } catch (InterruptedException e) {
                // a signal, looked at above
            }
        }
    }

    int read(int descriptor, byte[] bytes, int count) throws IOException {
        OpenFile file = descriptor(descriptor);
        return blocking(() -> file.read(bytes, 0, count));
    }

    void write(int descriptor, byte[] bytes, int offset, int count) throws IOException {
        OpenFile file = descriptor(descriptor);
        for (int done = 0; done < count; ) {
            int from = offset + done;
            int rest = count - done;
            done += blocking(() -> file.write(bytes, from, rest));
        }
    }

    void print(int descriptor, String text) throws IOException {
        byte[] bytes = Names.encode(text);
        write(descriptor, bytes, 0, bytes.length);
    }

    void sleep(Duration time) throws IOException {
        CountDownLatch over = new CountDownLatch(1);
        Runnable cancel = machine.time().after(time, over::countDown);
        try {
            blocking(() -> {
                over.await();
                return 0;
            });
        } finally {
            cancel.run();
        }
    }

    /** Waits for a child; a trap that has become due waits too. */
    int waitFor(Proc child) throws IOException {
        return blocking(() -> {
            child.ended.await();
            return child.status();
        });
    }

    /** Waits for a child or a trap, whichever comes first. */
    int waitForOrTrap(Proc child) throws IOException {
        return blocking(() -> {
            while (!child.ended.await(20, TimeUnit.MILLISECONDS)) {
                if (trapDue()) {
                    return 128;
                }
            }
            return child.status();
        });
    }

    private synchronized boolean trapDue() {
        return !caught.isEmpty();
    }

    private OpenFile descriptor(int number) throws IOException {
        OpenFile file = descriptors.get(number);
        if (file == null) {
            throw new IOException("Bad file descriptor");
        }
        return file;
    }

    void redirect(int descriptor, @Nullable OpenFile file) {
        OpenFile old = file == null ? descriptors.remove(descriptor) : descriptors.put(descriptor, file.hold());
        if (old != null) {
            old.release();
        }
    }

    /** A path as the kernel takes it: relative ones start at the working directory. */
    String path(String path) {
        return path.startsWith("/") || path.isEmpty() ? path : directory + "/" + path;
    }
}
