package dev.sandkeeper.http;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;
import org.jspecify.annotations.Nullable;

/** Words that nobody may read, and what takes them out of whatever is said. Safe from many threads. */
public final class Secrets {
    /** Anything shorter would take harmless words apart and is no secret. */
    private static final int SHORTEST = 6;

    private static final String MASK = "***";

    private final Set<String> words = new CopyOnWriteArraySet<>();

    Secrets() {}

    private Secrets(Set<String> words) {
        this.words.addAll(words);
    }

    /**
     * Remembers a secret for as long as the client lives: meant for keys of the account, not for what each sandbox has.
     *
     * @param secret the word; one of fewer than 6 characters is ignored
     */
    public void add(String secret) {
        if (secret.length() >= SHORTEST) {
            words.add(secret);
            words.add(URLEncoder.encode(secret, StandardCharsets.UTF_8));
        }
    }

    /** These and more, for one call. */
    Secrets and(List<String> more) {
        if (more.isEmpty()) {
            return this;
        }
        Secrets all = new Secrets(words);
        more.forEach(all::add);
        return all;
    }

    /**
     * Takes every secret out of a text.
     *
     * @param text any text, such as what a provider says
     * @return the text with {@code ***} in their places
     */
    public String mask(String text) {
        String masked = text;
        for (String word : words.stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .toList()) {
            masked = masked.replace(word, MASK);
        }
        return masked;
    }

    /**
     * A cause that may be shown.
     *
     * @param cause what was thrown below; may be null
     * @return the same, or null if a secret is in what it or one of its causes says
     */
    public @Nullable Throwable clean(@Nullable Throwable cause) {
        int depth = 0;
        for (Throwable e = cause; e != null && depth < 20; e = e.getCause(), depth++) {
            String message = e.toString();
            if (!mask(message).equals(message)) {
                return null;
            }
        }
        return cause;
    }

    /** How many, never which. */
    @Override
    public String toString() {
        return "Secrets[" + words.size() + "]";
    }
}
