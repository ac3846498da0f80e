package dev.sandkeeper.daytona;

/** A session that runs one command at a time as a command of its own. */
record SessionSeat(DaytonaSandbox sandbox, Sessions.Session session, LogFollower follower) implements Seat {
    @Override
    public String channel() {
        return "session";
    }

    @Override
    public void release(boolean clean, boolean spooled) {
        if (clean && !sandbox.sessions().giveBack(session)) {
            sandbox.later(this::delete);
        }
    }

    @Override
    public void leave() {
        follower.close();
    }

    @Override
    public void delete() {
        sandbox.sessions().delete(session);
    }
}
