package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.FileInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The built-in programs that work on files. */
final class FileTools {
    private FileTools() {}

    @FunctionalInterface
    private interface Step {
        void run(String path) throws IOException;
    }

    /** Opens a file for reading under a free descriptor. */
    static int open(Proc proc, String name) throws IOException {
        int descriptor = 3;
        while (proc.descriptors.containsKey(descriptor)) {
            descriptor++;
        }
        proc.redirect(descriptor, opened(proc, name, "<"));
        return descriptor;
    }

    /** Opens a file as a redirection does. */
    static OpenFile opened(Proc proc, String name, String operator) throws IOException {
        Tree tree = proc.machine.tree();
        String path = proc.path(name);
        proc.machine.showProcesses(path);
        synchronized (tree) {
            Tree.Place place = tree.place(path, true, proc.uid);
            Node node = place.node();
            if (node == null) {
                if (operator.equals("<")) {
                    throw new FileProblem(Errno.NOT_FOUND, name);
                }
                node = new Node.Plain(0644, proc.uid, proc.machine.time().now(), null);
                tree.put(place, node, name, proc.uid);
            }
            if (node instanceof Node.Dir) {
                throw new FileProblem(Errno.IS_A_DIRECTORY, name);
            }
            if (!node.allows(proc.uid, operator.equals("<") ? 4 : 2)) {
                throw new FileProblem(Errno.PERMISSION, name);
            }
            if (node instanceof Node.Device device) {
                return OpenFile.of(device);
            }
            Node.Plain file = (Node.Plain) node;
            if (operator.equals(">")) {
                tree.truncate(file);
            }
            return OpenFile.of(tree, file, operator.equals(">>"));
        }
    }

    private static int each(Proc proc, String tool, List<String> names, Step step) throws IOException {
        int code = 0;
        for (String name : names) {
            try {
                step.run(proc.path(name));
            } catch (FileProblem e) {
                code = Tools.fail(proc, tool, name + ": " + e.errno().text());
            }
        }
        return code;
    }

    private static List<String> withoutOptions(List<String> arguments) {
        List<String> names = new ArrayList<>(arguments.subList(1, arguments.size()));
        while (!names.isEmpty() && names.get(0).startsWith("-") && names.get(0).length() > 1) {
            if (names.remove(0).equals("--")) {
                break;
            }
        }
        return names;
    }

    private static boolean hasOption(List<String> arguments, char letter) {
        return arguments.size() > 1
                && arguments.get(1).startsWith("-")
                && arguments.get(1).indexOf(letter) > 0;
    }

    static int touch(Proc proc, List<String> arguments) throws IOException {
        return each(proc, "touch", withoutOptions(arguments), path -> {
            OpenFile file = opened(proc, path, ">>").hold();
            file.release();
        });
    }

    static int mkdir(Proc proc, List<String> arguments) throws IOException {
        Tree tree = proc.machine.tree();
        boolean parents = hasOption(arguments, 'p');
        return each(proc, "mkdir", withoutOptions(arguments), path -> {
            if (parents) {
                tree.makeDirectories(path, proc.uid);
            } else {
                tree.add(path, new Node.Dir(0755, proc.uid, proc.machine.time().now()), proc.uid);
            }
        });
    }

    static int rm(Proc proc, List<String> arguments) throws IOException {
        boolean force = hasOption(arguments, 'f');
        boolean recursive = hasOption(arguments, 'r');
        return each(proc, "rm", withoutOptions(arguments), path -> {
            try {
                proc.machine.tree().remove(path, recursive, proc.uid);
            } catch (FileProblem e) {
                if (!force || e.errno() != Errno.NOT_FOUND) {
                    throw e;
                }
            }
        });
    }

    static int ln(Proc proc, List<String> arguments) throws IOException {
        List<String> names = withoutOptions(arguments);
        if (!hasOption(arguments, 's') || names.size() != 2) {
            return Tools.fail(proc, "ln", "only -s TARGET NAME is simulated");
        }
        return each(
                proc,
                "ln",
                names.subList(1, 2),
                path -> proc.machine
                        .tree()
                        .add(
                                path,
                                new Node.Link(
                                        names.get(0),
                                        proc.uid,
                                        proc.machine.time().now()),
                                proc.uid));
    }

    static int chmod(Proc proc, List<String> arguments) throws IOException {
        List<String> names = withoutOptions(arguments);
        int mode = Integer.parseInt(names.get(0), 8);
        return each(
                proc,
                "chmod",
                names.subList(1, names.size()),
                path -> proc.machine.tree().chmod(path, mode, proc.uid));
    }

    static int test(Proc proc, List<String> arguments) throws IOException {
        List<String> words = new ArrayList<>(arguments.subList(1, arguments.size()));
        if (arguments.get(0).equals("[") && !words.isEmpty()) {
            words.remove(words.size() - 1);
        }
        boolean negated = !words.isEmpty() && words.get(0).equals("!");
        if (negated) {
            words.remove(0);
        }
        return holds(proc, words) != negated ? 0 : 1;
    }

    private static boolean holds(Proc proc, List<String> words) throws IOException {
        if (words.size() == 3) {
            return switch (words.get(1)) {
                case "=" -> words.get(0).equals(words.get(2));
                case "!=" -> !words.get(0).equals(words.get(2));
                case "-lt" -> Long.parseLong(words.get(0)) < Long.parseLong(words.get(2));
                case "-eq" -> Long.parseLong(words.get(0)) == Long.parseLong(words.get(2));
                default -> throw new IOException("test: " + words.get(1) + " is not simulated");
            };
        }
        if (words.size() == 2) {
            String word = words.get(1);
            return switch (words.get(0)) {
                case "-n" -> !word.isEmpty();
                case "-z" -> word.isEmpty();
                case "-e" -> type(proc, word, true) != null;
                case "-f" -> type(proc, word, true) == FileInfo.Type.FILE;
                case "-d" -> type(proc, word, true) == FileInfo.Type.DIRECTORY;
                case "-L" -> type(proc, word, false) == FileInfo.Type.SYMBOLIC_LINK;
                default -> throw new IOException("test: " + words.get(0) + " is not simulated");
            };
        }
        return words.size() == 1 && !words.get(0).isEmpty();
    }

    private static FileInfo.@Nullable Type type(Proc proc, String name, boolean follow) {
        try {
            return proc.machine.tree().get(proc.path(name), follow, proc.uid).type();
        } catch (FileProblem e) {
            return null; // whatever is wrong with it, for test(1) it is not there
        }
    }
}
