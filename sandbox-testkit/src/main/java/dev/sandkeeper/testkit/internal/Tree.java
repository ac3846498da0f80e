package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.FileInfo;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The files of one sandbox. Path walking is the kernel's: links are followed as they are met, {@code ..} goes by the tree. */
final class Tree {
    private static final int MOST_LINKS = 40;
    private static final int LONGEST_NAME = 255;

    private final Node.Dir root;
    private final MachineTime time;
    private final long limit;
    private long used;

    Tree(MachineTime time, long limit) {
        this(time, limit, new Node.Dir(0755, 0, time.now()));
    }

    /** Of files that are nobody else's. */
    Tree(MachineTime time, long limit, Node.Dir root) {
        this.time = time;
        this.limit = limit;
        this.root = root;
        this.used = root.sizeOfAll();
    }

    /** Where a path leads: the directory, the name in it, and what is there now. */
    record Place(Node.Dir directory, String name, @Nullable Node node) {}

    synchronized Node.Dir root() {
        return root;
    }

    synchronized Node.Dir copy() {
        return root.copy();
    }

    synchronized long used() {
        return used;
    }

    /** Walks to the last element, which need not exist. */
    synchronized Place place(String path, boolean followLast, int uid) throws FileProblem {
        if (path.isEmpty()) {
            throw new FileProblem(Errno.NOT_FOUND, path);
        }
        Deque<Node.Dir> above = new ArrayDeque<>();
        Deque<String> rest = new ArrayDeque<>(elements(path));
        boolean mustBeDirectory = path.endsWith("/") || path.endsWith("/.") || path.endsWith("/..");
        Node.Dir at = root;
        int links = 0;
        while (true) {
            String name = rest.poll();
            if (name == null) {
                return new Place(above.isEmpty() ? at : above.peek(), ".", at);
            }
            if (!at.allows(uid, 1)) {
                throw new FileProblem(Errno.PERMISSION, path);
            }
            if (name.equals("..")) {
                at = above.isEmpty() ? root : above.pop();
                continue;
            }
            if (Names.encode(name).length > LONGEST_NAME) {
                throw new FileProblem(Errno.NAME_TOO_LONG, path);
            }
            Node next = at.entries.get(name);
            boolean last = rest.isEmpty();
            if (next instanceof Node.Link link && (!last || followLast || mustBeDirectory)) {
                if (++links > MOST_LINKS) {
                    throw new FileProblem(Errno.LOOP, path);
                }
                if (link.target.startsWith("/")) {
                    above.clear();
                    at = root;
                }
                List<String> target = elements(link.target);
                for (int i = target.size() - 1; i >= 0; i--) {
                    rest.push(target.get(i));
                }
                continue;
            }
            if (last) {
                if (mustBeDirectory && next != null && !(next instanceof Node.Dir)) {
                    throw new FileProblem(Errno.NOT_A_DIRECTORY, path);
                }
                return new Place(at, name, next);
            }
            if (next == null) {
                throw new FileProblem(Errno.NOT_FOUND, path);
            }
            if (!(next instanceof Node.Dir directory)) {
                throw new FileProblem(Errno.NOT_A_DIRECTORY, path);
            }
            above.push(at);
            at = directory;
        }
    }

    synchronized Node get(String path, boolean followLast, int uid) throws FileProblem {
        Node node = place(path, followLast, uid).node();
        if (node == null) {
            throw new FileProblem(Errno.NOT_FOUND, path);
        }
        return node;
    }

    synchronized Node.Dir directory(String path, int uid) throws FileProblem {
        if (get(path, true, uid) instanceof Node.Dir directory) {
            return directory;
        }
        throw new FileProblem(Errno.NOT_A_DIRECTORY, path);
    }

    /** Puts a new node where nothing is. */
    synchronized void add(String path, Node node, int uid) throws FileProblem {
        Place place = place(path, false, uid);
        if (place.node() != null) {
            throw new FileProblem(Errno.EXISTS, path);
        }
        put(place, node, path, uid);
    }

    synchronized void put(Place place, Node node, String path, int uid) throws FileProblem {
        requireWritable(place.directory(), path, uid);
        if (place.node() instanceof Node.Dir) {
            throw new FileProblem(Errno.IS_A_DIRECTORY, path);
        }
        release(place.directory().entries.put(place.name(), node));
        place.directory().modifiedAt = time.now();
    }

    synchronized void makeDirectories(String path, int uid) throws FileProblem {
        StringBuilder prefix = new StringBuilder();
        for (String name : elements(path)) {
            prefix.append('/').append(name);
            Place place = place(prefix.toString(), true, uid);
            if (place.node() == null) {
                put(place, new Node.Dir(0755, uid, time.now()), path, uid);
            } else if (!(place.node() instanceof Node.Dir)) {
                boolean last = prefix.length() >= path.length();
                throw new FileProblem(last ? Errno.EXISTS : Errno.NOT_A_DIRECTORY, path);
            }
        }
    }

    /** Makes the directories above a path, where a file that is in the way is not "there already". */
    synchronized void makeParents(String path, int uid) throws FileProblem {
        String parent = path.substring(0, Math.max(0, path.lastIndexOf('/')));
        try {
            makeDirectories(parent, uid);
        } catch (FileProblem e) {
            throw e.errno() == Errno.EXISTS ? new FileProblem(Errno.NOT_A_DIRECTORY, path) : e;
        }
    }

    synchronized void remove(String path, boolean recursive, int uid) throws FileProblem {
        Place place = place(path, false, uid);
        if (place.node() == null) {
            throw new FileProblem(Errno.NOT_FOUND, path);
        }
        if (place.name().equals(".")) {
            throw new FileProblem(Errno.INVALID, path);
        }
        requireWritable(place.directory(), path, uid);
        if (place.node() instanceof Node.Dir directory && !directory.entries.isEmpty()) {
            if (!recursive) {
                throw new FileProblem(Errno.NOT_EMPTY, path);
            }
            for (String name : List.copyOf(directory.entries.keySet())) {
                remove(path + "/" + name, true, uid);
            }
        }
        release(place.directory().entries.remove(place.name()));
        place.directory().modifiedAt = time.now();
    }

    synchronized void move(String from, String to, int uid) throws FileProblem {
        Place source = place(from, false, uid);
        Node moved = source.node();
        if (moved == null) {
            throw new FileProblem(Errno.NOT_FOUND, from);
        }
        Place target = place(to, false, uid);
        if (target.node() == moved) {
            return;
        }
        if (moved instanceof Node.Dir directory
                && (within(directory, target.directory()) || source.name().equals("."))) {
            throw new FileProblem(Errno.INVALID, to);
        }
        requireReplaceable(target, moved, to, uid);
        requireWritable(source.directory(), from, uid);
        put(target, moved, to, uid);
        source.directory().entries.remove(source.name());
    }

    synchronized void write(Node.Plain file, long position, byte[] bytes, int offset, int count) throws FileProblem {
        long growth = Math.max(0, position + count - file.size());
        if (used + growth > limit) {
            throw new FileProblem(Errno.NO_SPACE, "write");
        }
        used += growth;
        file.write(position, bytes, offset, count);
        file.modifiedAt = time.now();
    }

    synchronized void truncate(Node.Plain file) {
        used -= file.size();
        file.truncate();
        file.modifiedAt = time.now();
    }

    synchronized int read(Node.Plain file, long position, byte[] bytes, int offset, int count) {
        return file.read(position, bytes, offset, count);
    }

    /** Gives back what a file held that is in no directory; one that is still open keeps its content all the same. */
    synchronized void release(@Nullable Node node) {
        if (node instanceof Node.Plain file) {
            used -= file.size();
        }
    }

    synchronized List<FileInfo> list(String path, int limitOfEntries, int uid) throws FileProblem {
        Node.Dir directory = directory(path, uid);
        if (!directory.allows(uid, 4)) {
            throw new FileProblem(Errno.PERMISSION, path);
        }
        List<FileInfo> infos = new ArrayList<>();
        String prefix = path.endsWith("/") ? path : path + "/";
        for (Map.Entry<String, Node> entry : directory.entries.entrySet()) {
            if (infos.size() == limitOfEntries) {
                break;
            }
            infos.add(info(prefix + entry.getKey(), entry.getValue()));
        }
        return infos;
    }

    synchronized FileInfo stat(String path, int uid) throws FileProblem {
        return info(path, get(path, false, uid));
    }

    synchronized List<String> names(String path, int uid) {
        try {
            return List.copyOf(directory(path, uid).entries.keySet());
        } catch (FileProblem e) {
            return List.of(); // a pattern matches nothing there
        }
    }

    private boolean isDirectory(String path, int uid) {
        try {
            return get(path, true, uid) instanceof Node.Dir;
        } catch (FileProblem e) {
            return false; // it leads nowhere
        }
    }

    synchronized void chmod(String path, int mode, int uid) throws FileProblem {
        Node node = get(path, true, uid);
        if (uid != 0 && uid != node.uid) {
            throw new FileProblem(Errno.PERMISSION, path);
        }
        node.mode = mode;
    }

    synchronized void showProcesses(List<Proc> processes) {
        if (root.entries.get("proc") instanceof Node.Dir proc) {
            proc.entries.clear();
            for (Proc process : processes) {
                Node.Plain file = new Node.Plain(0444, 0, time.now(), null);
                byte[] line = Tools.commandLine(process);
                file.write(0, line, 0, line.length);
                Node.Dir directory = new Node.Dir(0555, 0, time.now());
                directory.entries.put("cmdline", file);
                proc.entries.put(String.valueOf(process.pid), directory);
            }
        }
    }

    private static FileInfo info(String path, Node node) {
        return new FileInfo(path, node.type(), node.size(), node.mode, node.modifiedAt.truncatedTo(ChronoUnit.SECONDS));
    }

    private static void requireWritable(Node.Dir directory, String path, int uid) throws FileProblem {
        if (!directory.allows(uid, 2) || !directory.allows(uid, 1)) {
            throw new FileProblem(Errno.PERMISSION, path);
        }
    }

    /** A directory is never replaced, nor is a link to one, and nothing by a directory. */
    synchronized void requireReplaceable(Place target, Node by, String path, int uid) throws FileProblem {
        Node there = target.node();
        if (there instanceof Node.Link && isDirectory(path, uid)) {
            throw new FileProblem(Errno.IS_A_DIRECTORY, path);
        }
        if (there instanceof Node.Dir) {
            throw new FileProblem(Errno.IS_A_DIRECTORY, path);
        }
        if (there != null && by instanceof Node.Dir) {
            throw new FileProblem(Errno.NOT_A_DIRECTORY, path);
        }
    }

    private static boolean within(Node.Dir above, Node.Dir below) {
        return above == below
                || above.entries.values().stream()
                        .anyMatch(node -> node instanceof Node.Dir directory && within(directory, below));
    }

    static List<String> elements(String path) {
        List<String> names = new ArrayList<>();
        for (String name : path.split("/", -1)) {
            if (!name.isEmpty() && !name.equals(".")) {
                names.add(Names.decode(Names.encode(name)));
            }
        }
        return names;
    }
}
