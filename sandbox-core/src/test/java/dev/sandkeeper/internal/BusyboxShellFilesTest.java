package dev.sandkeeper.internal;

import java.time.Duration;

/** Nothing but busybox, as in a small image. */
class BusyboxShellFilesTest extends ShellFilesTests {
    @Override
    HostSandbox sandbox(Duration idle, String... prefix) {
        return HostSandbox.busybox(idle, prefix);
    }
}
