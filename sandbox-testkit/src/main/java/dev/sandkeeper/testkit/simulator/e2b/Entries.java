package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Machine;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the daemon tells of a file. */
final class Entries {
    private final SimulatedSandbox sandbox;
    private final String user;

    Entries(SimulatedSandbox sandbox, String user) {
        this.sandbox = sandbox;
        this.user = user;
    }

    /** Looks at a file, a link at its end not followed. */
    FileInfo stat(String path) {
        return sandbox.machine().files().stat(Paths.real(path));
    }

    @Nullable
    FileInfo find(String path) {
        try {
            return stat(path);
        } catch (FileAccessException e) {
            if (e.code().equals("file_not_found") || e.code().equals("not_a_directory")) {
                return null;
            }
            throw e;
        }
    }

    ObjectNode shape(String path) throws InterruptedException {
        return shape(path, stat(path));
    }

    /** Fields with the value that protobuf has anyway are left out. */
    ObjectNode shape(String path, FileInfo info) throws InterruptedException {
        ObjectNode shape = Json.object().put("name", Paths.name(path));
        FileInfo shown = info;
        String target = null;
        if (info.type() == FileInfo.Type.SYMBOLIC_LINK) {
            target = target(path);
            FileInfo behind = target == null ? null : find(target);
            shown = behind == null ? info : behind;
        }
        if (shown.type() == FileInfo.Type.FILE) {
            shape.put("type", "FILE_TYPE_FILE");
        } else if (shown.type() == FileInfo.Type.DIRECTORY) {
            shape.put("type", "FILE_TYPE_DIRECTORY");
        }
        shape.put("path", path);
        if (shown.size() > 0) {
            shape.put("size", Long.toString(shown.size()));
        }
        shape.put("mode", shown.mode())
                .put("permissions", permissions(info))
                .put("owner", user)
                .put("group", user)
                .put("modifiedTime", Shapes.time(info.modifiedAt()));
        if (target != null) {
            shape.put("symlinkTarget", target);
        }
        Map<String, String> metadata = sandbox.fileMetadata().get(Paths.real(path));
        if (metadata != null && !metadata.isEmpty()) {
            ObjectNode fields = shape.putObject("metadata");
            metadata.forEach(fields::put);
        }
        return shape;
    }

    private @Nullable String target(String path) throws InterruptedException {
        Machine.Ran ran = sandbox.machine().script("readlink -f -- \"$1\"", null, Paths.real(path));
        return ran.exitCode() == 0 ? ran.text().stripTrailing() : null;
    }

    private static String permissions(FileInfo info) {
        char kind = switch (info.type()) {
            case DIRECTORY -> 'd';
            case SYMBOLIC_LINK -> 'L';
            default -> '-';
        };
        StringBuilder text = new StringBuilder().append(kind);
        for (int bit = 8; bit >= 0; bit--) {
            text.append(((info.mode() >> bit) & 1) == 0 ? '-' : "xwr".charAt(bit % 3));
        }
        return text.toString();
    }
}
