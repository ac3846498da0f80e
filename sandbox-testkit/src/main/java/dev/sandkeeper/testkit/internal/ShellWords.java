package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.testkit.internal.ShellSyntax.Part;
import dev.sandkeeper.testkit.internal.ShellSyntax.Word;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Makes arguments out of words: variables, splitting at blanks, and patterns of file names. */
final class ShellWords {
    private ShellWords() {}

    static List<String> expand(
            List<Word> words, Function<String, @Nullable String> value, Proc proc, List<String> parameters) {
        List<String> result = new ArrayList<>();
        for (Word word : words) {
            if (word.parts().size() <= 3 && word.parts().stream().anyMatch(part -> isAll(part))) {
                result.addAll(parameters.subList(1, parameters.size()));
            } else {
                expand(word, value, proc, result);
            }
        }
        return result;
    }

    private static boolean isAll(Part part) {
        return part.variable() && part.text().equals("@");
    }

    /** Without splitting and patterns, as the value of an assignment or the target of a redirection. */
    static String join(Word word, Function<String, @Nullable String> value) {
        StringBuilder text = new StringBuilder();
        word.parts().forEach(part -> text.append(text(part, value)));
        return text.toString();
    }

    private static String text(Part part, Function<String, @Nullable String> value) {
        if (!part.variable()) {
            return part.text();
        }
        String found = value.apply(part.text());
        return found != null ? found : part.otherwise() != null ? part.otherwise() : "";
    }

    private static void expand(Word word, Function<String, @Nullable String> value, Proc proc, List<String> result) {
        StringBuilder text = new StringBuilder();
        StringBuilder pattern = new StringBuilder();
        boolean exists = false;
        boolean hasPattern = false;
        for (Part part : word.parts()) {
            String piece = text(part, value);
            if (part.quoted()) {
                text.append(piece);
                pattern.append(Pattern.quote(piece));
                exists = true;
                continue;
            }
            for (int i = 0; i < piece.length(); i++) {
                char c = piece.charAt(i);
                if (part.variable() && Character.isWhitespace(c)) {
                    if (text.length() > 0 || exists) {
                        result.add(text.toString());
                    }
                    text.setLength(0);
                    pattern.setLength(0);
                    exists = false;
                    continue;
                }
                text.append(c);
                boolean set = c == '[' && piece.indexOf(']', i) > i + 1;
                hasPattern |= set || c == '*' || c == '?';
                pattern.append(
                        switch (c) {
                            case '*' -> "[^/]*";
                            case '?' -> "[^/]";
                            case '[' -> set ? "[" : "\\[";
                            case ']', '-' -> hasPattern ? String.valueOf(c) : "\\" + c;
                            default -> Pattern.quote(String.valueOf(c));
                        });
            }
        }
        if (hasPattern) {
            List<String> matches = matches(proc, text.toString(), Pattern.compile(pattern.toString()));
            if (!matches.isEmpty()) {
                result.addAll(matches);
                return;
            }
        }
        if (text.length() > 0 || exists) {
            result.add(text.toString());
        }
    }

    /** Looks through as many levels as the pattern has. */
    private static List<String> matches(Proc proc, String text, Pattern pattern) {
        proc.machine.showProcesses(proc.path(text));
        boolean absolute = text.startsWith("/");
        List<String> found = List.of(absolute ? "/" : "");
        for (int depth = Tree.elements(text).size(); depth > 0; depth--) {
            List<String> next = new ArrayList<>();
            for (String directory : found) {
                next.addAll(
                        proc.machine.tree().names(proc.path(directory.isEmpty() ? "." : directory), proc.uid).stream()
                                .map(name -> directory.isEmpty() || directory.endsWith("/")
                                        ? directory + name
                                        : directory + "/" + name)
                                .toList());
            }
            found = next;
        }
        return found.stream().filter(path -> pattern.matcher(path).matches()).toList();
    }
}
