package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.testkit.internal.ShellSyntax.Assignment;
import dev.sandkeeper.testkit.internal.ShellSyntax.Node;
import dev.sandkeeper.testkit.internal.ShellSyntax.Part;
import dev.sandkeeper.testkit.internal.ShellSyntax.Redirect;
import dev.sandkeeper.testkit.internal.ShellSyntax.Word;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads a script. What is not simulated is refused, never guessed. */
final class ShellParser {
    private static final Set<String> RESERVED =
            Set.of("while", "do", "done", "if", "then", "else", "fi", "!", "{", "}", "for", "case", "until", "elif");

    private final String text;
    private int at;

    private ShellParser(String text) {
        this.text = text;
    }

    /** The script is wrong, or needs what is not simulated. */
    static final class SyntaxProblem extends RuntimeException {
        private static final long serialVersionUID = 1L;

        SyntaxProblem(String message) {
            super(message);
        }
    }

    static Node parse(String script) {
        ShellParser parser = new ShellParser(script);
        Node node = parser.sequence();
        if (!parser.atEnd()) {
            throw parser.problem("unexpected");
        }
        return node;
    }

    private SyntaxProblem problem(String what) {
        return new SyntaxProblem(what + " at character " + at + " of the script");
    }

    private boolean atEnd() {
        blanks(true);
        return at >= text.length();
    }

    private Node sequence() {
        List<Node> nodes = new ArrayList<>();
        while (!atEnd() && !closes()) {
            Node node = andOr();
            blanks(false);
            if (take("&")) {
                node = new ShellSyntax.Background(node);
            } else if (!take(";")) {
                blanks(false);
                if (at < text.length() && text.charAt(at) != '\n' && !closes()) {
                    throw problem("not simulated");
                }
            }
            nodes.add(node);
        }
        return new ShellSyntax.Sequence(nodes);
    }

    private boolean closes() {
        if (text.charAt(at) == ')') {
            return true;
        }
        String word = peekReserved();
        return word != null && Set.of("do", "done", "then", "else", "fi", "}").contains(word);
    }

    private Node andOr() {
        Node left = command();
        while (true) {
            blanks(false);
            boolean and = take("&&");
            if (!and && !take("||")) {
                return left;
            }
            blanks(true);
            left = new ShellSyntax.AndOr(left, and, command());
        }
    }

    private Node command() {
        blanks(false);
        String word = peekReserved();
        if (take("(")) {
            return group(true, ")");
        }
        if (word == null) {
            return simple();
        }
        at += word.length();
        return switch (word) {
            case "!" -> new ShellSyntax.Not(command());
            case "{" -> group(false, "}");
            case "while" -> loop();
            case "if" -> choice();
            default -> throw problem("not simulated");
        };
    }

    private Node loop() {
        Node condition = sequence();
        expect("do");
        Node body = sequence();
        expect("done");
        return new ShellSyntax.While(condition, body, redirects());
    }

    private Node choice() {
        Node condition = sequence();
        expect("then");
        Node body = sequence();
        Node otherwise = null;
        if ("else".equals(peekReserved())) {
            expect("else");
            otherwise = sequence();
        }
        expect("fi");
        return new ShellSyntax.If(condition, body, otherwise);
    }

    private Node group(boolean subshell, String end) {
        Node body = sequence();
        if (atEnd() || !text.startsWith(end, at)) {
            throw problem("\"" + end + "\" expected");
        }
        at += end.length();
        return new ShellSyntax.Group(body, subshell, redirects());
    }

    private List<Redirect> redirects() {
        List<Redirect> redirects = new ArrayList<>();
        for (Redirect redirect = redirect(); redirect != null; redirect = redirect()) {
            redirects.add(redirect);
        }
        return redirects;
    }

    private void expect(String word) {
        if (atEnd() || !word.equals(peekReserved())) {
            throw problem("\"" + word + "\" expected");
        }
        at += word.length();
    }

    private Node simple() {
        List<Assignment> assignments = new ArrayList<>();
        List<Word> words = new ArrayList<>();
        List<Redirect> redirects = new ArrayList<>();
        while (true) {
            Redirect redirect = redirect();
            if (redirect != null) {
                redirects.add(redirect);
                continue;
            }
            blanks(false);
            int nameEnd = at;
            while (nameEnd < text.length() && isName(text.charAt(nameEnd))) {
                nameEnd++;
            }
            if (words.isEmpty() && nameEnd > at && nameEnd < text.length() && text.charAt(nameEnd) == '=') {
                String name = text.substring(at, nameEnd);
                at = nameEnd + 1;
                Word value = word();
                assignments.add(new Assignment(name, value == null ? new Word(List.of()) : value));
                continue;
            }
            Word word = word();
            if (word == null) {
                break;
            }
            words.add(word);
        }
        if (assignments.isEmpty() && words.isEmpty() && redirects.isEmpty()) {
            throw problem("a command expected");
        }
        return new ShellSyntax.Simple(assignments, words, redirects);
    }

    private @Nullable Redirect redirect() {
        blanks(false);
        int digits = at;
        while (digits < text.length() && Character.isDigit(text.charAt(digits))) {
            digits++;
        }
        if (digits >= text.length() || (text.charAt(digits) != '>' && text.charAt(digits) != '<')) {
            return null;
        }
        boolean output = text.charAt(digits) == '>';
        int descriptor = digits > at ? Integer.parseInt(text.substring(at, digits)) : output ? 1 : 0;
        at = digits;
        String operator = take(">>") ? ">>" : take(">&") ? "&" : take("<&") ? "&" : take(">") ? ">" : "<";
        if (operator.equals("<")) {
            at++;
        }
        blanks(false);
        Word target = at < text.length() && text.charAt(at) != '<' ? word() : null;
        if (target == null) {
            throw problem("this redirection is not simulated");
        }
        return new Redirect(descriptor, operator, target);
    }

    private @Nullable Word word() {
        List<Part> parts = new ArrayList<>();
        StringBuilder plain = new StringBuilder();
        while (at < text.length() && " \t\n;&|()<>".indexOf(text.charAt(at)) < 0) {
            char c = text.charAt(at++);
            if (c == '\'') {
                int end = text.indexOf('\'', at);
                if (end < 0) {
                    throw problem("a quote is not closed");
                }
                flush(plain, parts);
                parts.add(new Part(text.substring(at, end), false, true, null));
                at = end + 1;
            } else if (c == '"') {
                flush(plain, parts);
                doubleQuoted(parts);
            } else if (c == '\\' && at < text.length()) {
                flush(plain, parts);
                parts.add(new Part(text.substring(at, at + 1), false, true, null));
                at++;
            } else if (c == '$') {
                flush(plain, parts);
                parts.add(variable(false));
            } else if (c == '`') {
                throw problem("not simulated");
            } else {
                plain.append(c);
            }
        }
        flush(plain, parts);
        return parts.isEmpty() ? null : new Word(parts);
    }

    private static void flush(StringBuilder plain, List<Part> parts) {
        if (plain.length() > 0) {
            parts.add(new Part(plain.toString(), false, false, null));
            plain.setLength(0);
        }
    }

    private void doubleQuoted(List<Part> parts) {
        StringBuilder literal = new StringBuilder();
        while (at < text.length() && text.charAt(at) != '"') {
            char c = text.charAt(at++);
            if (c == '\\' && at < text.length() && "$`\"\\".indexOf(text.charAt(at)) >= 0) {
                literal.append(text.charAt(at++));
            } else if (c == '$') {
                parts.add(new Part(literal.toString(), false, true, null));
                literal.setLength(0);
                parts.add(variable(true));
            } else if (c == '`') {
                throw problem("not simulated");
            } else {
                literal.append(c);
            }
        }
        if (at++ >= text.length()) {
            throw problem("a quote is not closed");
        }
        parts.add(new Part(literal.toString(), false, true, null));
    }

    private Part variable(boolean quoted) {
        if (at < text.length() && text.charAt(at) == '{') {
            int end = text.indexOf('}', at);
            String[] inside =
                    end < 0 ? new String[] {""} : text.substring(at + 1, end).split("-", 2);
            if (inside[0].isEmpty() || !inside[0].chars().allMatch(c -> isName((char) c))) {
                throw problem("not simulated");
            }
            at = end + 1;
            return new Part(inside[0], true, quoted, inside.length == 2 ? inside[1] : null);
        }
        int end = at;
        while (end < text.length() && isName(text.charAt(end))) {
            end++;
        }
        boolean special = end == at && end < text.length() && "?$!@".indexOf(text.charAt(end)) >= 0;
        if (special || (end > at && Character.isDigit(text.charAt(at)))) {
            end = at + 1;
        }
        if (end == at) {
            throw problem("not simulated");
        }
        String name = text.substring(at, end);
        at = end;
        return new Part(name, true, quoted, null);
    }

    private static boolean isName(char c) {
        return c == '_' || (c < 128 && Character.isLetterOrDigit(c));
    }

    private @Nullable String peekReserved() {
        int end = at;
        while (end < text.length() && " \t\n;&|()<>".indexOf(text.charAt(end)) < 0) {
            end++;
        }
        String word = text.substring(at, end);
        return RESERVED.contains(word) ? word : null;
    }

    private boolean take(String token) {
        if (!text.startsWith(token, at)) {
            return false;
        }
        if (token.equals("&") && text.startsWith("&&", at)) {
            return false;
        }
        at += token.length();
        return true;
    }

    private void blanks(boolean newlines) {
        while (at < text.length() && (" \t".indexOf(text.charAt(at)) >= 0 || (newlines && text.charAt(at) == '\n'))) {
            at++;
        }
    }
}
