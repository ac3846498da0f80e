package dev.sandkeeper.spi;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.Signal;
import dev.sandkeeper.TerminalSize;
import java.io.OutputStream;
import java.time.Duration;

/**
 * A command that has been started in a sandbox. {@link #pump} is called once, by one thread; everything else may be called
 * from any thread at any time, also after the end.
 */
public interface BackendProcess extends AutoCloseable {
    /**
     * The command's standard input. Closing it is an end of file to the command and leaves its output alone. Writing blocks
     * while the command does not read, and throws {@link java.io.IOException} once it cannot. Of a terminal it is the keyboard,
     * and closing it types byte 4, the end of file, after what was written.
     *
     * @return the stream, always the same one; one that takes nothing if {@link ProcessRequest#stdin()} was false
     */
    OutputStream stdin();

    /**
     * Hands all output to the sink, on the calling thread and at most one other, and waits for the end of the main process.
     * Output of the main process is complete when this returns. Processes that it left behind and that still hold its
     * streams are waited for at most half a second; they belong to the sandbox and go on, unless they had a terminal: that is
     * gone, and they may be sent HUP.
     *
     * @param sink where the output goes
     * @return how the main process ended; {@code timedOut} is true if the deadline inside the sandbox ended it
     * @throws dev.sandkeeper.CommandNotStartableException if it did not start
     * @throws dev.sandkeeper.SandboxGoneException if the sandbox ended under it
     * @throws dev.sandkeeper.BackendUnavailableException if the connection was lost, so that nothing is known of its end; it
     *     never makes an exit code up
     * @throws InterruptedException if the calling thread was interrupted; the command goes on
     */
    ExitStatus pump(OutputSink sink) throws InterruptedException;

    /**
     * Sends a signal to all processes of the command. Does nothing if it has ended.
     *
     * @param signal which one
     */
    void signal(Signal signal);

    /**
     * Ends the command: TERM to all its processes, and KILL to whatever is left after the grace, those included that have
     * left its process group or session. Returns when all are gone, at most 5 seconds after the grace. Does nothing if the
     * command has ended and left nothing behind. {@link #pump} returns then, too.
     *
     * @param grace the time between TERM and KILL; zero for KILL at once
     * @throws dev.sandkeeper.SandboxException if it could not be established that they are gone
     */
    void end(Duration grace);

    /**
     * Changes the size of the command's terminal; its foreground processes are sent WINCH. Does nothing if it has ended.
     *
     * @param size the new size
     * @throws IllegalStateException if it was started without a terminal, as is each one of a backend that lacks
     *     {@link Capability#TERMINAL}
     * @throws dev.sandkeeper.SandboxException if the sandbox could not be reached
     */
    default void resize(TerminalSize size) {
        throw new IllegalStateException("the command was started without a terminal. Ask for one when it is started");
    }

    /**
     * Which of the backend's ways of running a command this one took, for who wonders what made it slow.
     *
     * @return a word that the backend documents; {@code exec} if it has but one
     */
    default String channel() {
        return "exec";
    }

    /**
     * Gives up the connection. The command goes on if it has not ended; {@link #pump} does not. Idempotent, never throws,
     * never blocks.
     */
    @Override
    void close();
}
