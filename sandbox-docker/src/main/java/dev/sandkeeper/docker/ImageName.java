package dev.sandkeeper.docker;

import java.util.regex.Pattern;

/** Names of images, as the engine's own grammar has them (distribution/reference). */
final class ImageName {
    private static final String PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
    private static final String DOMAIN =
            "(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[a-fA-F0-9:]+\\])(?::[0-9]{1,5})?";
    private static final Pattern REFERENCE = Pattern.compile("(?:" + DOMAIN + "/)?" + PART + "(?:/" + PART + ")*"
            + "(?::[\\w][\\w.-]{0,127})?(?:@[a-z0-9+._-]+:[0-9a-fA-F]{32,128})?");
    private static final Pattern ID = Pattern.compile("(?:sha256:)?[0-9a-f]{64}");

    private ImageName() {}

    static boolean isValid(String name) {
        return ID.matcher(name).matches() || REFERENCE.matcher(name).matches();
    }

    /** Whether a registry can be asked for it; an image id exists at the engine or nowhere. */
    static boolean canBePulled(String name) {
        return !ID.matcher(name).matches();
    }

    /** What to ask a registry for: without a tag the engine would fetch every one. */
    static String tagged(String name) {
        boolean tagged = !canBePulled(name) || name.contains("@") || name.indexOf(':', name.lastIndexOf('/') + 1) >= 0;
        return tagged ? name : name + ":latest";
    }
}
