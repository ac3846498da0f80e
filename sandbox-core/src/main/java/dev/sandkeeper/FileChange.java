package dev.sandkeeper;

/**
 * What a watch has found. The sandbox's files are hostile input: look at what is there before you act on it.
 *
 * @param kind what has happened
 * @param path what it has happened to, absolute, written as in {@link FileInfo#path()}; for {@link Kind#MISSED} the watched
 *     directory
 */
public record FileChange(Kind kind, String path) {
    /** What has happened. More may be added. */
    public enum Kind {
        /** It is there and was not. */
        CREATED,
        /** Its content or its permissions are others, or were replaced by the same ones. */
        MODIFIED,
        /** It is not there any more. */
        REMOVED,
        /**
         * Something may have happened that cannot be told: there is too much to look at, or it could not be looked at three
         * times in a row, as while the sandbox is paused. Look for yourself. What has changed in the end is told once it can
         * be looked at again.
         */
        MISSED
    }
}
