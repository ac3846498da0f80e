package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.testkit.internal.ShellSyntax.Redirect;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A small part of a POSIX shell: lists, {@code &&}, {@code ||}, {@code !}, background, subshells, groups, while, if,
 * redirections, variables, quoting, traps and the file name patterns {@code * ? [...]}. No pipelines, no substitution of
 * commands, no arithmetic, no functions: those are refused with exit code 2.
 */
final class Shell {
    private static final Set<String> IN_PROCESS = Set.of("true", "false", "echo", "printf", "pwd", "kill", "test", "[");

    private final Proc proc;
    private final List<String> parameters;
    private final Map<String, String> variables = new HashMap<>();
    private final List<Proc> children;
    private int status;
    private int lastBackground;

    private Shell(Proc proc, List<String> parameters) {
        this.proc = proc;
        this.parameters = parameters;
        this.children = new ArrayList<>();
    }

    /** The builtin exit, and exec. */
    private static final class Exit extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final int code;

        Exit(int code) {
            super(null, null, false, false);
            this.code = code;
        }
    }

    static int run(Proc proc, List<String> arguments) throws IOException {
        if (arguments.size() < 2) {
            return new Shell(proc, List.of("sh")).script(read(proc, 0));
        }
        if (!arguments.get(1).equals("-c")) {
            int descriptor = FileTools.open(proc, arguments.get(1));
            return new Shell(proc, arguments.subList(1, arguments.size())).script(read(proc, descriptor));
        }
        List<String> parameters = arguments.size() > 3 ? arguments.subList(3, arguments.size()) : List.of("sh");
        return new Shell(proc, parameters).script(arguments.get(2));
    }

    private static String read(Proc proc, int descriptor) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] buffer = new byte[4096];
        for (int n = proc.read(descriptor, buffer, buffer.length);
                n >= 0;
                n = proc.read(descriptor, buffer, buffer.length)) {
            bytes.write(buffer, 0, n);
        }
        String script = Names.decode(bytes.toByteArray());
        return script.startsWith("#!") ? script.substring(script.indexOf('\n') + 1) : script;
    }

    private int script(String text) throws IOException {
        try {
            return start(ShellParser.parse(text));
        } catch (ShellParser.SyntaxProblem e) {
            proc.print(2, "sh: " + e.getMessage() + "\n");
            return 2;
        }
    }

    private int start(ShellSyntax.Node node) throws IOException {
        try {
            return execute(node);
        } catch (Exit e) {
            return e.code;
        }
    }

    private int execute(ShellSyntax.Node node) throws IOException {
        proc.checkSignals();
        status = evaluate(node);
        for (String action = proc.dueTrap(); action != null; action = proc.dueTrap()) {
            int before = status;
            execute(ShellParser.parse(action));
            status = before;
        }
        return status;
    }

    private int evaluate(ShellSyntax.Node node) throws IOException {
        if (node instanceof ShellSyntax.Simple simple) {
            return simple(simple);
        } else if (node instanceof ShellSyntax.Not not) {
            return execute(not.node()) == 0 ? 1 : 0;
        } else if (node instanceof ShellSyntax.AndOr pair) {
            return execute(pair.left()) == 0 == pair.and() ? execute(pair.right()) : status;
        } else if (node instanceof ShellSyntax.Background background) {
            return background(background.node());
        } else if (node instanceof ShellSyntax.Sequence sequence) {
            int code = 0;
            for (ShellSyntax.Node each : sequence.nodes()) {
                code = execute(each);
            }
            return code;
        } else if (node instanceof ShellSyntax.If choice) {
            ShellSyntax.Node branch = execute(choice.condition()) == 0 ? choice.body() : choice.otherwise();
            return branch == null ? 0 : execute(branch);
        } else if (node instanceof ShellSyntax.While loop) {
            return redirected(loop.redirects(), () -> {
                int code = 0;
                while (execute(loop.condition()) == 0) {
                    code = execute(loop.body());
                }
                return code;
            });
        }
        ShellSyntax.Group group = (ShellSyntax.Group) node;
        return group.subshell()
                ? proc.waitFor(fork(group.body(), group.redirects()))
                : redirected(group.redirects(), () -> execute(group.body()));
    }

    private Proc fork(ShellSyntax.Node body, List<Redirect> redirects) {
        Proc child = proc.fork();
        Shell shell = new Shell(child, parameters);
        shell.variables.putAll(variables);
        shell.status = status;
        child.start(self -> shell.redirected(redirects, () -> shell.start(body)), code -> {});
        return child;
    }

    private int background(ShellSyntax.Node node) {
        Proc child = proc.fork();
        Shell shell = new Shell(child, parameters);
        shell.variables.putAll(variables);
        child.redirect(0, OpenFile.of(new Node.Device(false, proc.machine.time().now())));
        child.start(
                self -> node instanceof ShellSyntax.Simple simple ? shell.replace(simple) : shell.start(node),
                code -> {});
        children.add(child);
        lastBackground = child.pid;
        return 0;
    }

    /** A simple command in a process that exists for it alone. */
    private int replace(ShellSyntax.Simple simple) throws IOException {
        try {
            return redirected(simple.redirects(), () -> {
                List<String> words = ShellWords.expand(simple.words(), this::value, proc, parameters);
                assign(simple, proc.environment);
                return words.isEmpty() ? 0 : builtinOr(words, () -> Tools.run(proc, words));
            });
        } catch (Exit e) {
            return e.code;
        }
    }

    private int simple(ShellSyntax.Simple simple) throws IOException {
        List<String> words = ShellWords.expand(simple.words(), this::value, proc, parameters);
        if (words.isEmpty()) {
            assign(simple, null);
            return redirected(simple.redirects(), () -> 0);
        }
        if (words.get(0).equals("exec")) {
            return exec(simple, words.subList(1, words.size()));
        }
        return redirected(
                simple.redirects(),
                () -> builtinOr(words, () -> {
                    Proc child = proc.fork();
                    assign(simple, child.environment);
                    child.start(self -> Tools.run(self, words), code -> {});
                    return proc.waitFor(child);
                }));
    }

    private int exec(ShellSyntax.Simple simple, List<String> words) throws IOException {
        for (Redirect redirect : simple.redirects()) {
            apply(redirect);
        }
        if (words.isEmpty()) {
            return 0;
        }
        throw new Exit(Tools.run(proc, words));
    }

    private void assign(ShellSyntax.Simple simple, @Nullable Map<String, String> environment) throws IOException {
        for (ShellSyntax.Assignment assignment : simple.assignments()) {
            String value = ShellWords.join(assignment.value(), this::value);
            if (environment != null) {
                environment.put(assignment.name(), value);
            } else if (proc.environment.containsKey(assignment.name())) {
                proc.environment.put(assignment.name(), value);
            } else {
                variables.put(assignment.name(), value);
            }
        }
    }

    private @Nullable String value(String name) {
        return switch (name) {
            case "?" -> String.valueOf(status);
            case "$" -> String.valueOf(proc.pid);
            case "!" -> String.valueOf(lastBackground);
            default -> Character.isDigit(name.charAt(0)) ? parameter(Integer.parseInt(name)) : variable(name);
        };
    }

    private @Nullable String parameter(int index) {
        return index < parameters.size() ? parameters.get(index) : null;
    }

    private @Nullable String variable(String name) {
        String own = variables.get(name);
        return own != null ? own : proc.environment.get(name);
    }

    @FunctionalInterface
    private interface Action {
        int run() throws IOException;
    }

    private int builtinOr(List<String> words, Action external) throws IOException {
        String name = words.get(0);
        String argument = words.size() > 1 ? words.get(1) : "";
        Programs.Body body = IN_PROCESS.contains(name) ? Tools.BODIES.get(name) : null;
        if (body != null) {
            return body.run(proc, words);
        }
        return switch (name) {
            case ":" -> 0;
            case "exit" -> throw new Exit(argument.isEmpty() ? status : Integer.parseInt(argument) & 0xFF);
            case "cd" -> cd(argument);
            case "export" -> export(argument);
            case "trap" -> trap(argument, words.subList(2, words.size()));
            case "wait" -> waitForChildren();
            default -> external.run();
        };
    }

    private int export(String assignment) {
        String[] variable = assignment.split("=", 2);
        String own = variables.remove(variable[0]);
        proc.environment.put(variable[0], variable.length == 2 ? variable[1] : own == null ? "" : own);
        return 0;
    }

    private int trap(String action, List<String> signals) throws IOException {
        for (String signal : signals) {
            proc.trap(Tools.signal(signal), action.equals("-") ? null : action);
        }
        return 0;
    }

    private int waitForChildren() throws IOException {
        int code = 0;
        for (Proc child : children) {
            code = proc.waitForOrTrap(child);
        }
        return code;
    }

    private int cd(String path) throws IOException {
        try {
            proc.machine.tree().directory(proc.path(path), proc.uid);
            proc.directory = path.startsWith("/") ? path : "/" + String.join("/", Tree.elements(proc.path(path)));
            return 0;
        } catch (FileProblem e) {
            proc.print(2, "sh: cd: " + e.getMessage() + "\n");
            return 2;
        }
    }

    private int redirected(List<Redirect> redirects, Action action) throws IOException {
        Map<Integer, @Nullable OpenFile> saved = new LinkedHashMap<>();
        try {
            for (Redirect redirect : redirects) {
                OpenFile old = proc.descriptors.get(redirect.descriptor());
                if (!saved.containsKey(redirect.descriptor())) {
                    saved.put(redirect.descriptor(), old == null ? null : old.hold());
                }
                apply(redirect);
            }
            return action.run();
        } catch (FileProblem e) {
            proc.print(2, "sh: " + e.getMessage() + "\n");
            return 2;
        } finally {
            saved.forEach((descriptor, file) -> {
                proc.redirect(descriptor, file);
                if (file != null) {
                    file.release();
                }
            });
        }
    }

    private void apply(Redirect redirect) throws IOException {
        String target = ShellWords.join(redirect.target(), this::value);
        if (!redirect.operator().equals("&")) {
            proc.redirect(redirect.descriptor(), FileTools.opened(proc, target, redirect.operator()));
        } else {
            proc.redirect(
                    redirect.descriptor(), target.equals("-") ? null : proc.descriptors.get(Integer.parseInt(target)));
        }
    }
}
