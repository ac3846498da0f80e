package dev.sandkeeper.local;

import dev.sandkeeper.SandboxId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where sandboxes are written down: {@code <root>/<deployment>/<id>}, which {@link #retire} renames to {@code <id>.gone} so
 * that whoever still makes the sandbox notices. The last sandbox takes its deployment's directory along. {@code <root>/.uids/<number>} links to the sandbox that has that user.
 */
final class StateDirectory {
    private static final Logger LOG = LoggerFactory.getLogger(StateDirectory.class);
    private static final String CLAIMS = ".uids";
    private static final String GONE = ".gone";
    private static final String DESCRIPTION = "description";
    private static final String WORKSPACE = "workspace";
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path root;
    private final String fingerprint;

    /** Makes the directory if it is not there. */
    StateDirectory(Path directory) throws IOException {
        Files.createDirectories(directory, PRIVATE);
        root = directory.toRealPath();
        fingerprint = fingerprint(root);
    }

    Path root() {
        return root;
    }

    /** Tells this directory's resources on the host from another one's: 12 hexadecimal digits. */
    String fingerprint() {
        return fingerprint;
    }

    /** An argument of the processes that keep this sandbox. */
    String marker(SandboxRef ref) {
        return "sandkeeper-holder:" + fingerprint + ":" + ref;
    }

    /** Makes a sandbox's directory with its description. */
    void create(SandboxRef ref, Description intent) throws IOException {
        if (Files.exists(gone(ref))) {
            throw new FileAlreadyExistsException(gone(ref).toString());
        }
        while (!createDirectory(ref)) {
            LOG.debug("the directory of deployment {} was removed, makes it again", ref.deployment());
        }
        describe(ref, intent);
    }

    /** Answers false if the deployment's directory was removed, as an empty one is, before the sandbox's was in it. */
    private boolean createDirectory(SandboxRef ref) throws IOException {
        Files.createDirectories(root, PRIVATE);
        try {
            Files.createDirectory(root.resolve(ref.deployment()), PRIVATE);
        } catch (FileAlreadyExistsException e) {
            LOG.trace("{} has sandboxes already, or had", ref.deployment());
        }
        try {
            Files.createDirectory(path(ref), PRIVATE);
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Replaces the description. Fails if the sandbox has been retired. */
    void describe(SandboxRef ref, Description description) throws IOException {
        Io.writeAtomically(path(ref).resolve(DESCRIPTION), description.format());
    }

    /** What is written down, or null if that is nothing or not readable. */
    @Nullable
    Description description(SandboxRef ref) {
        return Description.parse(Io.readIfExists(path(ref).resolve(DESCRIPTION)));
    }

    /** The same of a sandbox that has been retired. */
    @Nullable
    Description retired(SandboxRef ref) {
        return Description.parse(Io.readIfExists(gone(ref).resolve(DESCRIPTION)));
    }

    Path createWorkspace(SandboxRef ref, int uid, boolean changeOwner) throws IOException {
        Path workspace = Files.createDirectory(path(ref).resolve(WORKSPACE), PRIVATE);
        if (changeOwner) {
            Files.setAttribute(workspace, "unix:gid", uid);
            Files.setAttribute(workspace, "unix:uid", uid);
        }
        return workspace;
    }

    /** Where it is written down what runs in the background of a sandbox. */
    Path background(SandboxRef ref) {
        return path(ref).resolve("background");
    }

    boolean exists(SandboxRef ref) {
        return Files.exists(path(ref)) || Files.exists(gone(ref));
    }

    /** From here on nobody can use the sandbox or finish making it. Does nothing if there is none. */
    void retire(SandboxRef ref) throws IOException {
        try {
            Files.move(path(ref), gone(ref), StandardCopyOption.ATOMIC_MOVE);
        } catch (NoSuchFileException e) {
            // Somebody else has done it, or there is none.
            return;
        }
    }

    /** Removes a retired sandbox, whose processes must be gone, its directory last. Does nothing if there is none. */
    void remove(SandboxRef ref) throws IOException {
        Path directory = gone(ref);
        Description description = retired(ref);
        TreeRemoval.remove(directory.resolve(WORKSPACE));
        if (description == null) {
            for (int uid : claims(ref::equals).keySet()) {
                Files.deleteIfExists(claim(uid));
            }
        } else if (ref.equals(claimedBy(claim(description.uid())))) {
            Files.deleteIfExists(claim(description.uid()));
        }
        TreeRemoval.remove(directory);
        removeIfEmpty(root.resolve(ref.deployment()));
    }

    /** Another JVM may be about to make a sandbox there: it then makes the directory again. */
    private static void removeIfEmpty(Path deployment) throws IOException {
        try {
            Files.deleteIfExists(deployment);
        } catch (DirectoryNotEmptyException e) {
            LOG.trace("{} has other sandboxes", deployment);
        }
    }

    /** Takes a user for a sandbox, unless somebody has it. */
    boolean claimUid(SandboxRef ref, int uid) throws IOException {
        Files.createDirectories(root.resolve(CLAIMS), PRIVATE);
        try {
            Files.createSymbolicLink(claim(uid), Path.of(ref.toString()));
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        }
    }

    /** All sandboxes of a deployment that have a directory, retired ones included, or a user. */
    Set<SandboxRef> list(String deployment) throws IOException {
        Set<SandboxRef> found = new TreeSet<>((a, b) -> a.id().compareTo(b.id()));
        found.addAll(claims(ref -> ref.deployment().equals(deployment)).values());
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(root.resolve(deployment))) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                String id = name.endsWith(GONE) ? name.substring(0, name.length() - GONE.length()) : name;
                SandboxRef.parse(deployment + "/" + id).ifPresent(found::add);
            }
        } catch (NoSuchFileException e) {
            return found;
        }
        return found;
    }

    /** Makes a directory that belongs to this JVM. */
    Path createPrivate(String name) throws IOException {
        return Files.createDirectory(root.resolve(name), PRIVATE);
    }

    private Map<Integer, SandboxRef> claims(Predicate<SandboxRef> wanted) throws IOException {
        Map<Integer, SandboxRef> found = new HashMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(root.resolve(CLAIMS), "[0-9]*")) {
            for (Path entry : entries) {
                SandboxRef ref = claimedBy(entry);
                if (ref != null && wanted.test(ref)) {
                    found.put(Integer.valueOf(entry.getFileName().toString()), ref);
                }
            }
        } catch (NoSuchFileException e) {
            return found;
        }
        return found;
    }

    private static @Nullable SandboxRef claimedBy(Path claim) {
        try {
            return SandboxRef.parse(Files.readSymbolicLink(claim).toString()).orElse(null);
        } catch (IOException e) {
            return null;
        }
    }

    private Path claim(int uid) {
        return root.resolve(CLAIMS).resolve(Integer.toString(uid));
    }

    private Path path(SandboxRef ref) {
        return root.resolve(ref.deployment()).resolve(ref.id().toString());
    }

    private Path gone(SandboxRef ref) {
        return root.resolve(ref.deployment()).resolve(ref.id() + GONE);
    }

    private static String fingerprint(Path path) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest(path.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    /** When an id was made, where nothing else is known. */
    static Instant madeAt(SandboxId id) {
        return Instant.ofEpochMilli(id.value().getMostSignificantBits() >>> 16);
    }
}
