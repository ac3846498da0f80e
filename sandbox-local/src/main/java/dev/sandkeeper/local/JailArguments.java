package dev.sandkeeper.local;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What bubblewrap is told for every command of a sandbox, each argument ended by NUL. Paths below /tmp are the holder's. */
final class JailArguments {
    /** What a system has at its top, beside {@code /etc}. */
    private static final List<String> SYSTEM = List.of("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32");
    /** Public parts of {@code /etc} without which programs do not run: never the whole directory. */
    private static final List<String> CONFIGURATION = List.of(
            "alternatives",
            "ld.so.cache",
            "ld.so.conf",
            "ld.so.conf.d",
            "ld-musl-x86_64.path",
            "ld-musl-aarch64.path",
            "localtime",
            "mime.types",
            "pki/ca-trust/extracted",
            "pki/tls/certs",
            "protocols",
            "services",
            "ssl/certs",
            "ssl/openssl.cnf");
    /** Of an image these are replaced. */
    private static final Set<String> REPLACED = Set.of("proc", "dev", "tmp", "sys", "workspace");

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private JailArguments() {}

    static byte[] of(
            @Nullable Path image, Map<String, String> environment, boolean ownNetwork, boolean disablesUserNamespaces)
            throws IOException {
        JailArguments arguments = new JailArguments();
        arguments.add("--unshare-user", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try");
        if (disablesUserNamespaces) {
            arguments.add("--disable-userns");
        }
        arguments.add("--uid", "1000", "--gid", "1000", "--hostname", "sandbox", "--cap-drop", "ALL", "--new-session");
        if (image == null) {
            arguments.system(Path.of("/"));
            if (!ownNetwork) {
                arguments.configuration(Path.of("/etc/resolv.conf"), "/etc/resolv.conf");
            }
        } else {
            arguments.image(image);
        }
        arguments.add("--proc", "/proc", "--dev", "/dev", "--bind", "/tmp/shm", "/dev/shm", "--remount-ro", "/dev");
        arguments.add("--bind", "/tmp/tmp", "/tmp", "--bind", "/tmp/work", "/workspace", "--remount-ro", "/");
        arguments.add("--clearenv");
        arguments.addEnvironment(Map.of("PATH", Tools.PATH, "HOME", "/workspace", "LANG", "C.UTF-8"));
        arguments.addEnvironment(environment);
        return arguments.bytes.toByteArray();
    }

    private void system(Path root) throws IOException {
        for (String name : SYSTEM) {
            show(root.resolve(name), "/" + name, root.resolve(name).toString());
        }
        add(
                "--dir",
                "/etc",
                "--dir",
                "/run",
                "--dir",
                "/var",
                "--symlink",
                "/tmp",
                "/var/tmp",
                "--symlink",
                "/run",
                "/var/run");
        for (String name : CONFIGURATION) {
            configuration(root.resolve("etc").resolve(name), "/etc/" + name);
        }
        try (DirectoryStream<Path> java = Files.newDirectoryStream(root.resolve("etc"), "java-*-openjdk")) {
            for (Path directory : java) {
                configuration(directory, "/etc/" + directory.getFileName());
            }
        }
        for (String name : List.of("passwd", "group", "hosts", "nsswitch.conf")) {
            add("--ro-bind", "/tmp/" + name, "/etc/" + name);
        }
    }

    private void configuration(Path source, String target) {
        if (Files.exists(source)) {
            add("--ro-bind", source.toString(), target);
        }
    }

    /** Entry by entry onto an empty root, so that the image needs no mount points and none of its own are used. */
    private void image(Path root) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(root)) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                if (!REPLACED.contains(name)) {
                    show(entry, "/" + name, "/tmp/root/" + name);
                }
            }
        }
    }

    private void show(Path entry, String target, String source) throws IOException {
        if (Files.isSymbolicLink(entry)) {
            add("--symlink", Files.readSymbolicLink(entry).toString(), target);
        } else if (Files.exists(entry, LinkOption.NOFOLLOW_LINKS)) {
            add("--ro-bind", source, target);
        }
    }

    /** The environment of one command, on top of the sandbox's. */
    static byte[] environment(Map<String, String> variables) {
        JailArguments arguments = new JailArguments();
        arguments.addEnvironment(variables);
        return arguments.bytes.toByteArray();
    }

    private void addEnvironment(Map<String, String> variables) {
        variables.forEach((name, value) -> add("--setenv", name, value));
    }

    private void add(String... arguments) {
        Arrays.stream(arguments).forEach(argument -> {
            bytes.writeBytes(ShellText.encode(argument));
            bytes.write(0);
        });
    }
}
