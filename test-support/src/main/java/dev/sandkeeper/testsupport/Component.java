package dev.sandkeeper.testsupport;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Something of the machine that tests use. */
public enum Component {
    /** Bubblewrap and the namespaces of the kernel. */
    BUBBLEWRAP(
            "no jail can be made by bubblewrap",
            "install bubblewrap, or see what \"bwrap --unshare-all --ro-bind / / true\" says",
            "bwrap --unshare-all --ro-bind / / true"),

    /** An engine, and the images that {@code scripts/test-images} makes. */
    DOCKER(
            "there is no Docker engine with the test images",
            "start one and run scripts/test-images",
            "docker image inspect sandkeeper-test/busybox sandkeeper-test/debian-python"),

    /** The programs of a PostgreSQL server; {@link DatabaseServers} starts one. */
    POSTGRESQL(
            "there is no PostgreSQL server that an ordinary user could run",
            "install postgresql",
            "setpriv --version",
            "initdb postgres"),

    /** The programs of a MariaDB server; {@link DatabaseServers} starts one. */
    MARIADB(
            "there is no MariaDB server that an ordinary user could run",
            "install mariadb-server",
            "setpriv --version",
            "mariadb-install-db mariadbd");

    private static final int PROBES = 3;

    private final String problem;
    private final String remedy;
    private final String probe;
    private final String programs;

    Component(String problem, String remedy, String probe) {
        this(problem, remedy, probe, "");
    }

    Component(String problem, String remedy, String probe, String programs) {
        this.problem = problem;
        this.remedy = remedy;
        this.probe = probe;
        this.programs = programs;
    }

    /** Says what is wrong with it here, and what to do about that; nothing if it can be used. */
    Optional<String> problem() {
        return works() ? Optional.empty() : Optional.of(problem + "; " + remedy);
    }

    private boolean works() {
        if (Stream.of(programs.split(" ", -1))
                .filter(program -> !program.isEmpty())
                .anyMatch(program -> Programs.find(program).isEmpty())) {
            return false;
        }
        // bubblewrap has once failed for a moment on a busy machine
        for (int attempt = 1; attempt < PROBES; attempt++) {
            if (answers()) {
                return true;
            }
        }
        return answers();
    }

    private boolean answers() {
        try {
            Process process = new ProcessBuilder(probe.split(" "))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return false;
            }
            return process.exitValue() == 0;
        } catch (IOException e) {
            // there is no such program
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + probe + " ran", e);
        }
    }
}
