package dev.sandkeeper.local;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This host as the backend uses it.
 *
 * @param tools its programs
 * @param hearing what a command line starts with so that signals are heard which this JVM ignores
 * @param scripts our scripts
 * @param root whether this JVM is root, and must become somebody else
 * @param boot the host's start
 * @param self this JVM
 * @param executor for tasks that block
 */
record Host(
        Tools tools,
        List<String> hearing,
        Scripts scripts,
        boolean root,
        String boot,
        ProcessIdentity self,
        ExecutorService executor) {
    private static final Logger LOG = LoggerFactory.getLogger(Host.class);

    String tool(String name) {
        return tools.path(name);
    }

    /** What a command line starts with to become a user for good. */
    List<String> become(int uid) {
        if (!root) {
            return List.of();
        }
        String number = Integer.toString(uid);
        return List.of(tool("setpriv"), "--reuid", number, "--regid", number, "--clear-groups");
    }

    /** Closes a stream in another thread: it may have to wait for a writer. */
    void closing(OutputStream stream) {
        try {
            executor.execute(() -> {
                try {
                    stream.close();
                } catch (IOException e) {
                    LOG.debug("nobody reads this pipe any more: {}", e.toString());
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("the backend is closed: {}", e.toString());
        }
    }

    /** A process with nothing of this JVM's environment. */
    ProcessBuilder processBuilder(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(
                Stream.concat(hearing.stream(), command.stream()).toList());
        builder.environment().clear();
        builder.environment().putAll(Map.of("PATH", Tools.PATH, "LC_ALL", "C"));
        return builder;
    }
}
