package dev.sandkeeper.testkit.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the simulated shell can be told. */
final class ShellSyntax {
    private ShellSyntax() {}

    /** A piece of a word; a variable with {@code otherwise} is {@code ${NAME-otherwise}}. */
    record Part(
            String text,
            boolean variable,
            boolean quoted,
            @Nullable String otherwise) {}

    record Word(List<Part> parts) {}

    record Redirect(int descriptor, String operator, Word target) {}

    record Assignment(String name, Word value) {}

    sealed interface Node {}

    record Simple(List<Assignment> assignments, List<Word> words, List<Redirect> redirects) implements Node {}

    record Not(Node node) implements Node {}

    record AndOr(Node left, boolean and, Node right) implements Node {}

    record Background(Node node) implements Node {}

    record Sequence(List<Node> nodes) implements Node {}

    record Group(Node body, boolean subshell, List<Redirect> redirects) implements Node {}

    record While(Node condition, Node body, List<Redirect> redirects) implements Node {}

    record If(Node condition, Node body, @Nullable Node otherwise) implements Node {}
}
