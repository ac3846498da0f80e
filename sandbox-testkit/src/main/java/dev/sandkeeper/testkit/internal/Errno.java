package dev.sandkeeper.testkit.internal;

/** What can be wrong with a file: the code that callers get, and what a program prints. */
enum Errno {
    NOT_FOUND("file_not_found", "No such file or directory"),
    EXISTS("file_exists", "File exists"),
    NOT_A_DIRECTORY("not_a_directory", "Not a directory"),
    IS_A_DIRECTORY("is_a_directory", "Is a directory"),
    PERMISSION("permission_denied", "Permission denied"),
    NO_SPACE("disk_full", "No space left on device"),
    NOT_EMPTY("directory_not_empty", "Directory not empty"),
    LOOP("file_access_failed", "Too many levels of symbolic links"),
    NAME_TOO_LONG("file_access_failed", "File name too long"),
    INVALID("file_access_failed", "Invalid argument");

    private final String code;
    private final String text;

    Errno(String code, String text) {
        this.code = code;
        this.text = text;
    }

    String code() {
        return code;
    }

    String text() {
        return text;
    }
}
