package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Tags;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shells of one sandbox that wait for a command. A session runs one at a time; one whose command has left something behind
 * is never used or deleted again, because deleting it could end what it left. Safe from many threads.
 */
final class Sessions {
    private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);
    private static final int MOST_IDLE = 4;
    /** The daemon keeps the log of every command as long as its session. */
    private static final int MOST_USES = 50;
    /** How many new ones may end before they are used. */
    private static final int NEW = 3;

    private final Toolbox toolbox;
    private final Deque<Session> idle = new ArrayDeque<>();
    private boolean closed;

    /** One of them, and how often it was used. */
    record Session(String id, int uses) {}

    /** A command of a session. */
    record Started(Session session, String command) {}

    Sessions(Toolbox toolbox) {
        this.toolbox = toolbox;
    }

    /**
     * One for a command, which nobody else uses.
     *
     * @param fresh whether no other command may have used it before
     */
    Session take(boolean fresh) {
        if (!fresh) {
            synchronized (this) {
                Session waiting = idle.pollLast();
                if (waiting != null) {
                    return waiting;
                }
            }
        }
        Session made = new Session("sandkeeper-" + Tags.next(), 0);
        toolbox.createSession(made.id());
        return made;
    }

    /**
     * Starts a command in a session that nobody else uses. One whose shell has ended meanwhile is left for another.
     *
     * @param fresh as above
     * @param taken is told of the session before the command is started there
     * @param text the command, unlike that of any other
     * @return where it runs
     */
    Started exec(boolean fresh, Consumer<Session> taken, String text) {
        for (int tries = 0; tries < MOST_IDLE + NEW; tries++) {
            Session session = take(fresh || tries >= MOST_IDLE);
            taken.accept(session);
            Optional<String> command = toolbox.exec(session.id(), text);
            if (command.isPresent()) {
                return new Started(session, command.get());
            }
            LOG.debug("session {} in {} has ended", session.id(), toolbox.id());
            delete(session);
        }
        throw new BackendUnavailableException(toolbox.api()
                .failure(
                        "command_failed_to_start",
                        "the sandbox " + toolbox.id() + " cannot start commands: every session ends at once")
                .remedy("See whether a program in the sandbox kills all others"));
    }

    /**
     * Takes one back whose command has ended and left nothing behind.
     *
     * @return whether it waits for the next one; else it is to be deleted
     */
    synchronized boolean giveBack(Session session) {
        if (closed || idle.size() >= MOST_IDLE || session.uses() + 1 >= MOST_USES) {
            return false;
        }
        idle.addLast(new Session(session.id(), session.uses() + 1));
        return true;
    }

    void delete(Session session) {
        try {
            toolbox.deleteSession(session.id());
        } catch (SandboxException e) {
            LOG.debug("session {} in {} was not deleted: {}", session.id(), toolbox.id(), e.getMessage());
        }
    }

    /** Those that wait, which are nobody's any more. */
    synchronized List<Session> close() {
        closed = true;
        List<Session> left = new ArrayList<>(idle);
        idle.clear();
        return left;
    }
}
