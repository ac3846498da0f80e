package dev.sandkeeper.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class SandboxPathsTest {
    @Test
    void relativePathsAreOfTheWorkspace() {
        assertThat(SandboxPaths.resolve("a")).isEqualTo("/workspace/a");
        assertThat(SandboxPaths.resolve("a/./b//c/")).isEqualTo("/workspace/a/b/c");
        assertThat(SandboxPaths.resolve("a/../b")).isEqualTo("/workspace/b");
        assertThat(SandboxPaths.resolve(".")).isEqualTo("/workspace");
        assertThat(SandboxPaths.resolve("..a/...")).isEqualTo("/workspace/..a/...");
    }

    @Test
    void absolutePathsStayAsTheyAre() {
        assertThat(SandboxPaths.resolve("/etc/../tmp/x")).isEqualTo("/etc/../tmp/x");
    }

    @Test
    void whatLeavesTheWorkspaceIsRefusedWithAValueAndARemedy() {
        for (String path : new String[] {"..", "../x", "a/../..", "a/../../workspace/b", "./.."}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> SandboxPaths.resolve(path))
                    .withMessageContaining("\"" + path + "\"")
                    .withMessageContaining("Use an absolute path to name another place in the sandbox");
        }
    }

    @Test
    void emptyPathsAndNulAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SandboxPaths.resolve(""))
                .withMessageContaining("empty");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SandboxPaths.resolve("a\0b"))
                .withMessageContaining("\"a?b\"");
    }

    @Test
    void theWorkspaceAndTheRootCannotBeRemoved() {
        for (String path :
                new String[] {".", "a/..", "/", "//", "/workspace", "/workspace/", "/x/../workspace/.", "/.."}) {
            assertThatIllegalArgumentException().isThrownBy(() -> SandboxPaths.resolveRemovable(path));
        }
        assertThat(SandboxPaths.resolveRemovable("/workspace/a")).isEqualTo("/workspace/a");
        assertThat(SandboxPaths.resolveRemovable("a")).isEqualTo("/workspace/a");
    }
}
