package dev.sandkeeper.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.StoreUnavailableException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class StoreFaultsTest {
    @TempDir
    Path directory;

    @Test
    @EnabledOnOs(OS.LINUX)
    void saysThatADirectoryIsReadOnly() throws Exception {
        assertThat(onTmpfs("mount -o remount,ro \"$0\"", "look"))
                .startsWith("store_read_only")
                .contains(directory.toString(), "writable");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void saysThatAStoreHasBecomeReadOnly() throws Exception {
        SandboxStore.embedded(directory.resolve("made")).close();
        String copy = "cp -r \"$0\"/../made/. \"$0\" && mount -o remount,ro \"$0\"";
        assertThat(onTmpfs(copy, "look")).startsWith("store_read_only");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void saysThatTheDiskIsFullAndGoesOnWhenThereIsRoom() throws Exception {
        assertThat(onTmpfs("true", "fill").lines())
                .containsExactly("first store_full", "again store_full", "after true");
    }

    @Test
    void namesAPathThatCannotBeADirectory() throws Exception {
        Path occupied = Files.writeString(directory.resolve("occupied"), "by a file");
        for (Path path : List.of(occupied, occupied.resolve("below"), occupied.resolve("far/below"))) {
            assertUnusable(path, occupied + " is not a directory");
        }
        assertThat(occupied).hasContent("by a file");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void namesAPlaceWhereNobodyCanMakeAFile() {
        assertUnusable(Path.of("/proc/sandkeeper/store"), "no file can be made in /proc");
        if (Files.isWritable(Path.of("/proc"))) {
            assertUnusable(Path.of("/proc"), "no file can be made in /proc");
        }
    }

    @Test
    void opensADirectoryThatALinkLeadsTo() throws Exception {
        Path link =
                Files.createSymbolicLink(directory.resolve("link"), Files.createDirectory(directory.resolve("real")));
        SandboxStore.embedded(link).close();
        try (var files = Files.list(directory.resolve("real"))) {
            assertThat(files).extracting(file -> file.getFileName().toString()).contains("sandkeeper.mv.db");
        }
    }

    private static void assertUnusable(Path path, String why) {
        assertThatThrownBy(() -> SandboxStore.embedded(path))
                .isInstanceOfSatisfying(StoreUnavailableException.class, e -> {
                    assertThat(e.code()).isEqualTo("store_directory_unusable");
                    assertThat(e.retryable()).isFalse();
                    assertThat(e.getMessage()).contains(path.toString(), why);
                    assertThat(e.remedy())
                            .hasValueSatisfying(remedy -> assertThat(remedy).contains("can write to"));
                });
    }

    /** Runs a child whose directory is a small disk of its own, in a mount namespace that ends with it. */
    private String onTmpfs(String preparation, String what) throws Exception {
        Path disk = Files.createDirectories(directory.resolve("disk"));
        String script = "mount -t tmpfs -o size=8m tmpfs \"$0\" && " + preparation + " && exec \"$@\"";
        boolean root = Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        List<String> unshare = root ? List.of("unshare", "-m") : List.of("unshare", "-r", "-m");
        return StoreChild.output(Stream.of(
                        unshare.stream(),
                        Stream.of("sh", "-c", script, disk.toString()),
                        StoreChild.command(what, disk).stream())
                .flatMap(parts -> parts)
                .toList());
    }

    @Test
    void saysThatAFileIsCorrupt() throws IOException {
        SandboxStore.embedded(directory).close();
        Path file = directory.resolve("sandkeeper.mv.db");
        byte[] whole = Files.readAllBytes(file);
        byte[] noise = new byte[whole.length];
        new Random(1).nextBytes(noise);

        try (RandomAccessFile header = new RandomAccessFile(file.toFile(), "rw")) {
            header.write(noise, 0, 8192);
        }
        assertFails("store_corrupt", "backup", "confirmDeployment()");

        Files.write(file, whole);
        try (RandomAccessFile body = new RandomAccessFile(file.toFile(), "rw")) {
            body.seek(8192);
            body.write(noise, 0, whole.length - 8192);
        }
        assertFails("store_corrupt");

        Files.writeString(file, "not a database");
        assertFails("store_corrupt");

        Files.write(file, whole);
        SandboxStore.embedded(directory).close();
    }

    @Test
    void refusesASemicolonInAPath() {
        assertThatThrownBy(() -> SandboxStore.embedded(directory.resolve("a;INIT=x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("semicolon");
    }

    @Test
    void refusesTheTablesOfANewerVersion() throws Exception {
        SandboxStore.embedded(directory).close();
        execute("INSERT INTO \"sandkeeper_schema_history\" SELECT 99, '2', 'later', 'SQL', 'V2__later.sql', 1,"
                + " 'x', CURRENT_TIMESTAMP, 1, TRUE");
        assertFails("store_too_new", "schema version 2", "newer version of Sandkeeper");
    }

    @Test
    void refusesTablesThatSomebodyElseMade() throws Exception {
        SandboxStore.embedded(directory).close();
        execute("UPDATE \"sandkeeper_schema_history\" SET \"checksum\" = 7 WHERE \"version\" = '1'");
        assertFails("store_schema", "checksum");
    }

    @Test
    void opensTheStoreThatWasUnderConstructionWhenItsJvmDied() throws Exception {
        SandboxStore.embedded(directory).close();
        Files.delete(directory.resolve("sandkeeper.deployment"));
        execute("DELETE FROM sandkeeper_deployment");
        try (SandboxStore store = SandboxStore.embedded(directory)) {
            assertThat(store.rows().unconfirmed()).isFalse();
        }
    }

    private void execute(String sql) throws Exception {
        try (Connection connection = DriverManager.getConnection(
                        "jdbc:h2:file:" + directory.resolve("sandkeeper"), "sandkeeper", "");
                Statement statement = connection.createStatement()) {
            assertThat(statement.executeUpdate(sql)).isPositive();
        }
    }

    private void assertFails(String code, String... parts) {
        assertThatThrownBy(() -> SandboxStore.embedded(directory))
                .isInstanceOfSatisfying(StoreUnavailableException.class, e -> {
                    assertThat(e.code()).isEqualTo(code);
                    assertThat(e.retryable()).isFalse();
                })
                .hasMessageContaining(directory.toString())
                .hasMessageContainingAll(parts.length == 0 ? new String[] {directory.toString()} : parts);
    }
}
