package dev.sandkeeper.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.WaitContainerResultCallback;
import com.github.dockerjava.api.exception.NotFoundException;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.ProvisionRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** The engine that the tests use, and a small image that is made there from this host's busybox. */
final class TestEngine implements AutoCloseable {
    static final String IMAGE = "sandkeeper-test/busybox:latest";

    private static final List<Path> BUSYBOXES = List.of(Path.of("/bin/busybox"), Path.of("/usr/bin/busybox"));
    private static final List<String> APPLETS = List.of(
            "sh",
            "cat",
            "sleep",
            "echo",
            "printf",
            "true",
            "false",
            "env",
            "id",
            "pwd",
            "ls",
            "head",
            "tail",
            "touch",
            "rm",
            "mkdir",
            "mv",
            "cp",
            "ln",
            "chmod",
            "stat",
            "find",
            "tar",
            "setsid",
            "stty",
            "tty",
            "kill",
            "ps",
            "test",
            "wc",
            "dd",
            "od",
            "seq",
            "sort",
            "tr",
            "cut",
            "grep",
            "sed",
            "awk",
            "xargs",
            "readlink",
            "mktemp",
            "date",
            "df",
            "mount",
            "yes",
            "tee",
            "nc",
            "wget",
            "timeout",
            "ulimit",
            "uname",
            "whoami",
            "rmdir",
            "expr",
            "basename",
            "dirname",
            "realpath",
            "mkfifo",
            "cksum",
            "md5sum",
            "du",
            "which",
            "nproc",
            "chown",
            "su",
            "ping");

    private final Engine engine;

    TestEngine() {
        EngineDiscovery discovery = new EngineDiscovery(System.getenv(), Path.of(System.getProperty("user.home")));
        engine = new Engine(discovery.find(), discovery.configuration(), Duration.ofMinutes(1), "test");
    }

    /** A backend over that engine whose default image is there. */
    static DockerBackend backend() {
        return builder().build();
    }

    static DockerBackend.Builder builder() {
        try (TestEngine engine = new TestEngine()) {
            engine.haveImage();
        }
        return DockerBackend.builder().defaultImage(IMAGE);
    }

    static ProvisionRequest request(String deployment, SandboxSpec spec) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        return new ProvisionRequest(
                deployment, SandboxId.generate(now.toEpochMilli()), now, null, spec, Map.of(), text -> {});
    }

    static String deployment() {
        return "test-" + UUID.randomUUID().toString().substring(0, 8);
    }

    static Defaults defaults() {
        return new Defaults(
                IMAGE, MemorySize.megabytes(512), 1, 256, MemorySize.megabytes(256), null, Duration.ofMinutes(1));
    }

    Engine engine() {
        return engine;
    }

    <T> T ask(Function<DockerClient, T> question) {
        return engine.call("ask for a test", question);
    }

    private void haveImage() {
        try {
            ask(client -> client.inspectImageCmd(IMAGE).exec());
        } catch (NotFoundException e) {
            importImage(IMAGE, busybox());
        }
    }

    /** Imports an image that has nothing but programs. */
    void importImage(String name, String... programs) {
        importImage(name, tar(List.of(programs), false));
    }

    /** Makes an image that is another one without a file. */
    void importImageWithout(String name, String base, String file) {
        String container = ask(client ->
                        client.createContainerCmd(base).withCmd("rm", file).exec())
                .getId();
        try {
            engine.run(
                    "start a container",
                    client -> client.startContainerCmd(container).exec());
            int code = ask(client -> client.waitContainerCmd(container)
                    .exec(new WaitContainerResultCallback())
                    .awaitStatusCode(1, TimeUnit.MINUTES));
            if (code != 0) {
                throw new IllegalStateException("rm " + file + " in " + base + " ended with " + code);
            }
            ask(client -> client.commitCmd(container)
                    .withRepository(name.substring(0, name.lastIndexOf(':')))
                    .withTag(name.substring(name.lastIndexOf(':') + 1))
                    .exec());
        } finally {
            engine.run(
                    "remove a container",
                    client ->
                            client.removeContainerCmd(container).withForce(true).exec());
        }
    }

    void removeImage(String name) {
        engine.run("remove an image", client -> client.removeImageCmd(name).exec());
    }

    private void importImage(String name, byte[] tar) {
        String repository = name.substring(0, name.lastIndexOf(':'));
        String tag = name.substring(name.lastIndexOf(':') + 1);
        try {
            EngineResponse response = engine.request(
                    "POST", "/images/create?fromSrc=-&tag=" + tag + "&repo=" + repository, tar, "application/x-tar");
            if (response.status() != 200) {
                throw new IllegalStateException(response.message());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static byte[] busybox() {
        return tar(APPLETS, true);
    }

    private static byte[] tar(List<String> names, boolean links) {
        Path binary = BUSYBOXES.stream()
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(
                        () -> new IllegalStateException("the tests need a static busybox: install busybox-static"));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            for (String directory : List.of("bin/", "etc/", "proc/", "sys/", "dev/", "tmp/")) {
                entry(tar, directory, directory.equals("tmp/") ? 01777 : 0755, new byte[0]);
            }
            entry(tar, "etc/passwd", 0644, text("root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/workspace:/bin/sh\n"));
            entry(tar, "etc/group", 0644, text("root:x:0:\nuser:x:1000:\n"));
            if (links) {
                entry(tar, "bin/busybox", 0755, Files.readAllBytes(binary));
            }
            for (String name : names) {
                if (links) {
                    TarArchiveEntry link = new TarArchiveEntry("bin/" + name, TarConstants.LF_SYMLINK);
                    link.setLinkName("busybox");
                    tar.putArchiveEntry(link);
                    tar.closeArchiveEntry();
                } else {
                    entry(tar, "bin/" + name, 0755, Files.readAllBytes(binary));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void entry(TarArchiveOutputStream tar, String name, int mode, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setMode(mode);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    @Override
    public void close() {
        engine.close();
    }
}
