package dev.sandkeeper.internal;

import java.util.regex.Pattern;

/** What a POSIX shell, such as dash, bash or busybox, makes of the name of an environment variable. */
public final class ShellVariables {
    /** What a name must be that is handed on by a shell, to be put behind "must". */
    public static final String RULE = "match [A-Za-z_][A-Za-z0-9_]* and be none that shells keep for themselves";

    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /** Those of our scripts, and those whose value a shell refuses to start with or does not hand on as it was. */
    private static final String NOT_INHERITED = "__sk_.*|IFS|OPTIND|PPID";

    /** Those that some shell lets nobody change, and ends when a script tries. */
    private static final String READ_ONLY = "BASHOPTS|BASH_VERSINFO|EUID|SHELLOPTS|UID";

    private static final Pattern LOST = Pattern.compile(NOT_INHERITED);
    private static final Pattern FAILING = Pattern.compile(NOT_INHERITED + "|" + READ_ONLY);

    /** All that a shell sets, reads or protects itself. */
    private static final Pattern OF_SHELLS = Pattern.compile(NOT_INHERITED + "|" + READ_ONLY
            + "|_|BASH.*|COMP_.*|DIRSTACK|ENV|EPOCH.*|FUNCNAME|FUNCNEST|GROUPS|HISTCMD|LINENO|OLDPWD|OPTARG|OPTERR|PIPESTATUS"
            + "|POSIXLY_CORRECT|PS[0-4]|PWD|RANDOM|SECONDS|SHLVL|SRANDOM");

    private ShellVariables() {}

    /**
     * Whether a shell has no use of its own for a variable.
     *
     * @param name its name
     * @return whether a program gets it from a shell exactly as it was set
     */
    public static boolean isOrdinary(String name) {
        return isName(name) && !OF_SHELLS.matcher(name).matches();
    }

    /**
     * Whether a shell can be started with a variable and hands it on. It may set some, such as PWD, to what they are.
     *
     * @param name its name
     * @return whether that does no harm
     */
    public static boolean canBeInherited(String name) {
        return isName(name) && !LOST.matcher(name).matches();
    }

    /**
     * Whether a script can set a variable for a program. The shell may set some, such as PWD, to what they are.
     *
     * @param name its name
     * @return whether that does no harm; what cannot be inherited cannot be exported
     */
    public static boolean canBeExported(String name) {
        return isName(name) && !FAILING.matcher(name).matches();
    }

    private static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }
}
