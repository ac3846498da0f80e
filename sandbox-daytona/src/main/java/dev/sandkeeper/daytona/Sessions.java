package dev.sandkeeper.daytona;

import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.Tags;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
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

    private final Toolbox toolbox;
    private final Deque<Session> idle = new ArrayDeque<>();
    private boolean closed;

    /** One of them, and how often it was used. */
    record Session(String id, int uses) {}

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
