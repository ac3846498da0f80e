package dev.sandkeeper.fly;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What we call a Machine: its app and its id. Both go into paths, so that nothing else may be in them. */
record MachineRef(String app, String id) {
    private static final Pattern PATTERN = Pattern.compile("([a-z0-9][a-z0-9-]{0,62})/([A-Za-z0-9]{1,64})");

    static Optional<MachineRef> of(String text) {
        Matcher matcher = PATTERN.matcher(text);
        return matcher.matches() ? Optional.of(new MachineRef(matcher.group(1), matcher.group(2))) : Optional.empty();
    }

    @Override
    public String toString() {
        return app + "/" + id;
    }
}
