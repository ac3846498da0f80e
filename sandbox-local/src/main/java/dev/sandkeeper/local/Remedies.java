package dev.sandkeeper.local;

import java.nio.file.Path;

/** What to do when the host's programs refuse to isolate, by what they say. */
final class Remedies {
    private static final String CONTAINER =
            "If this process runs in a container, use the docker backend, or start the container with --security-opt"
                    + " seccomp=unconfined --security-opt systempaths=unconfined";

    private Remedies() {}

    /** A sentence in the imperative. */
    static String of(String said) {
        if (said.contains("No space left on device") || said.contains("ENOSPC") || said.contains("nesting depth")) {
            return "The kernel allows no further namespaces: raise sysctl user.max_user_namespaces and"
                    + " user.max_net_namespaces";
        }
        if (said.contains("cd to") || said.contains("cd:")) {
            return "Make the image readable and its parent directories searchable for everybody";
        }
        if ("0".equals(sysctl("kernel/unprivileged_userns_clone"))) {
            return "Set sysctl kernel.unprivileged_userns_clone=1";
        }
        if ("1".equals(sysctl("kernel/apparmor_restrict_unprivileged_userns"))) {
            return "AppArmor restricts user namespaces: install profiles that give /usr/bin/bwrap and /usr/bin/unshare"
                    + " \"userns,\", or set sysctl kernel.apparmor_restrict_unprivileged_userns=0";
        }
        if (said.contains("setresuid") || said.contains("setgroups") || said.contains("setresgid")) {
            return "This process is root but may not become another user: give it CAP_SETUID and CAP_SETGID and a"
                    + " uidRange(...) that exists here, or run it as an ordinary user";
        }
        if (said.contains("nrecognized option") || said.contains("nvalid option") || said.contains("nknown option")) {
            return "A program is too old or a reduced one: install util-linux (2.34 or newer) and bubblewrap (0.5 or newer)";
        }
        if (said.contains("Operation not permitted") || said.contains("ermission")) {
            return CONTAINER;
        }
        return "Install bubblewrap and util-linux from the distribution, and see whether \"bwrap --unshare-all --ro-bind / /"
                + " true\" works";
    }

    /** Whether it is only a matter of time. */
    static boolean passing(String said) {
        return said.contains("Resource temporarily unavailable");
    }

    private static String sysctl(String name) {
        String value = Io.readIfExists(Path.of("/proc/sys").resolve(name));
        return value == null ? "" : value.strip();
    }
}
