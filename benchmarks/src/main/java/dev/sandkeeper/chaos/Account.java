package dev.sandkeeper.chaos;

import dev.sandkeeper.SandboxId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the hosts of one deployment have written down, taken together. */
final class Account {
    /** A sandbox whose create was acknowledged. Ends are of the store's clock, in milliseconds. */
    static final class Known {
        private long end;
        private boolean renewed;
        private boolean destroying;
        private boolean closed;

        /** Before this nobody may end it by its time. */
        long end() {
            return end;
        }

        boolean renewed() {
            return renewed;
        }

        /** Whether the application wanted its end. */
        boolean destroying() {
            return destroying;
        }

        /** From now on its end is wanted. */
        void ask() {
            destroying = true;
        }

        /** Whether it has ended and was found right. */
        boolean closed() {
            return closed;
        }

        void close() {
            closed = true;
        }
    }

    /**
     * A command that does not end by itself.
     *
     * @param id its sandbox
     * @param number by which it is known among the machine's processes
     * @param mustEnd its deadline, or its host's end, in monotonic nanoseconds
     */
    record Endless(SandboxId id, String number, long mustEnd) {}

    private record Destroy(long fence, long at) {}

    private final Map<SandboxId, Known> sandboxes = new HashMap<>();
    private final Map<SandboxId, Set<Long>> fences = new HashMap<>();
    private final Map<SandboxId, List<Destroy>> destroys = new HashMap<>();
    private final Set<SandboxId> orphans = new HashSet<>();
    private final Set<String> doubles = new HashSet<>();
    private final List<String> errors = new ArrayList<>();
    private List<Endless> endless = new ArrayList<>();

    /** Takes over what a host has written down that ended at the given monotonic time. */
    void add(Collection<Deed> deeds, long endedAt) {
        deeds.forEach(deed -> add(deed, endedAt));
    }

    private void add(Deed deed, long endedAt) {
        if (deed.kind() == Deed.Kind.ERROR) {
            errors.add(String.join(" ", deed.words()));
            return;
        }
        SandboxId id = SandboxId.of(deed.word(0));
        switch (deed.kind()) {
            case CREATED -> known(id).end = deed.number(1);
            case RENEWED -> {
                known(id).end = deed.number(1);
                known(id).renewed = true;
            }
            case DESTROYING -> known(id).destroying = true;
            case EXEC -> {
                // without a deadline it ends with its host
                long deadline = deed.number(2);
                endless.add(new Endless(id, deed.word(1), deadline == 0 ? endedAt : deadline));
            }
            case CLAIMED -> {
                if (!fences.computeIfAbsent(id, key -> new HashSet<>()).add(deed.number(1))) {
                    doubles.add(id + " was given to two cleaners under fence " + deed.number(1));
                }
            }
            case DESTROY -> destroy(id, new Destroy(deed.number(1), deed.number(2)));
            default -> orphans.add(id);
        }
    }

    /** A destroy after a crash in between is right, and so is a second one; one of a cleaner that was superseded is not. */
    private void destroy(SandboxId id, Destroy destroy) {
        List<Destroy> earlier = destroys.computeIfAbsent(id, key -> new ArrayList<>());
        for (Destroy other : earlier) {
            boolean before = other.at - destroy.at < 0;
            Destroy first = before ? other : destroy;
            Destroy second = before ? destroy : other;
            if (first.fence > second.fence) {
                doubles.add(id + " was destroyed under fence " + second.fence + " after " + first.fence + " had begun");
            }
        }
        earlier.add(destroy);
    }

    private Known known(SandboxId id) {
        return sandboxes.computeIfAbsent(id, key -> new Known());
    }

    Map<SandboxId, Known> sandboxes() {
        return sandboxes;
    }

    /** Whether a host has made it without a row, on purpose. */
    boolean isOrphan(SandboxId id) {
        return orphans.contains(id);
    }

    Set<String> doubles() {
        return doubles;
    }

    List<String> errors() {
        return errors;
    }

    List<Endless> endless() {
        return endless;
    }

    void keepWatching(List<Endless> commands) {
        endless = new ArrayList<>(commands);
    }
}
