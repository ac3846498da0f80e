package dev.sandkeeper.internal;

import java.time.Duration;

/** The system's shell with GNU tools. */
class GnuShellFilesTest extends ShellFilesTests {
    @Override
    HostSandbox sandbox(Duration idle, String... prefix) {
        return HostSandbox.gnu(idle, prefix);
    }
}
