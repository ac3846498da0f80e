package dev.sandkeeper.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.StoreUnavailableException;
import dev.sandkeeper.internal.SandboxRows.RowFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.h2.jdbcx.JdbcConnectionPool;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A copy of production must not destroy production. */
class DeploymentTest {
    @TempDir
    Path directory;

    private Path first;
    private String deployment;
    private SandboxId sandbox;

    @BeforeEach
    void makeTheFirst() {
        first = directory.resolve("first");
        try (SandboxStore store = SandboxStore.embedded(first)) {
            deployment = store.deployment();
            sandbox = store.rows().insert(Rows.row()).id();
        }
    }

    @Test
    void isTheSameAtEveryStart() {
        for (int i = 0; i < 3; i++) {
            try (SandboxStore store = SandboxStore.embedded(first)) {
                assertThat(store.deployment()).isEqualTo(deployment);
                assertThat(store.rows().unconfirmed()).isFalse();
                assertThat(store.rows().find(sandbox)).isPresent();
            }
        }
        try (SandboxStore store = SandboxStore.inMemory();
                SandboxStore another = SandboxStore.inMemory()) {
            assertThat(List.of(store.deployment(), another.deployment(), deployment))
                    .doesNotHaveDuplicates();
        }
    }

    @Test
    void refusesACopyAndLetsTheFirstGoOn() throws IOException {
        Path copy = copy(first, directory.resolve("copy"));
        assertRefused(copy, "copied or moved", first.toString(), copy.toString());
        assertRefused(copy, "copied or moved");
        SandboxStore.embedded(first).close();
    }

    @Test
    void refusesACopyOfTheDatabaseAlone() throws IOException {
        Path copy = Files.createDirectory(directory.resolve("copy"));
        Files.copy(first.resolve("sandkeeper.mv.db"), copy.resolve("sandkeeper.mv.db"));
        assertRefused(copy, "copied or moved");
    }

    @Test
    void refusesACopyInThePlaceOfTheFirst() throws IOException {
        Path copy = copy(first, directory.resolve("copy"));
        Files.move(first, directory.resolve("moved"));
        Files.move(copy, first);
        assertRefused(first, "copied or moved");
    }

    @Test
    void refusesAMovedDirectory() throws IOException {
        Path moved = Files.move(first, directory.resolve("moved"));
        assertRefused(moved, "copied or moved");
        Files.move(moved, first);
        SandboxStore.embedded(first).close();
    }

    @Test
    void takesOverAMovedDirectoryOnceConfirmed() throws IOException {
        Path moved = Files.move(first, directory.resolve("moved"));
        try (SandboxStore store =
                SandboxStore.builder().embedded(moved).confirmDeployment().open()) {
            assertThat(store.deployment()).isEqualTo(deployment);
            assertThat(store.rows().find(sandbox)).isPresent();
            assertThat(store.rows().unconfirmed()).isFalse();
        }
        SandboxStore.embedded(moved).close();
    }

    @Test
    void forgetsTheSandboxesOfTheFirstInACopyWithAnIdOfItsOwn() throws IOException {
        Path copy = copy(first, directory.resolve("copy"));
        try (SandboxStore store = SandboxStore.builder()
                .embedded(copy)
                .deployment("staging")
                .confirmDeployment()
                .open()) {
            assertThat(store.deployment()).isEqualTo("staging");
            assertThat(store.rows().list(RowFilter.ALL, null, 10)).isEmpty();
            assertThat(store.rows().findHistory(sandbox)).isPresent();
        }
        SandboxStore.embedded(copy).close();
        try (SandboxStore store = SandboxStore.embedded(first)) {
            assertThat(store.rows().find(sandbox)).isPresent();
        }
    }

    @Test
    void refusesAnEmptiedStoreWithoutMakingANewOne() throws IOException {
        Files.delete(first.resolve("sandkeeper.mv.db"));
        assertRefused(first, "new or emptied", deployment);
        assertThat(first.resolve("sandkeeper.mv.db")).doesNotExist();
        Files.createFile(first.resolve("sandkeeper.mv.db"));
        assertRefused(first, "new or emptied", deployment);
        assertThatThrownBy(() -> SandboxStore.builder()
                        .embedded(first)
                        .deployment(deployment)
                        .open())
                .hasMessageContaining("new or emptied");

        try (SandboxStore store =
                SandboxStore.builder().embedded(first).confirmDeployment().open()) {
            assertThat(store.deployment()).isEqualTo(deployment);
            assertThat(store.rows().unconfirmed()).isFalse();
            assertThat(store.rows().find(sandbox)).isEmpty();
        }
        SandboxStore.embedded(first).close();
    }

    @Test
    void refusesADatabaseBesideTheMarkerOfAnother() throws IOException {
        Path second = directory.resolve("second");
        SandboxStore.embedded(second).close();
        Files.copy(
                second.resolve("sandkeeper.deployment"),
                first.resolve("sandkeeper.deployment"),
                StandardCopyOption.REPLACE_EXISTING);
        assertRefused(first, "belongs to another database");
        Files.writeString(first.resolve("sandkeeper.deployment"), "");
        assertRefused(first, "unreadable");

        SandboxStore.builder().embedded(first).confirmDeployment().open().close();
        SandboxStore.embedded(first).close();
    }

    @Test
    void writesALostMarkerAgain() throws IOException {
        Files.delete(first.resolve("sandkeeper.deployment"));
        SandboxStore.embedded(first).close();
        assertThat(first.resolve("sandkeeper.deployment")).content().contains("deployment=" + deployment + "\n");
        try (Stream<Path> files = Files.list(first)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("sandkeeper.mv.db", "sandkeeper.deployment");
        }
    }

    @Test
    void doubtsANewDatabaseUnderTheHostsIdUntilASweepHasFoundNothing() {
        Path named = directory.resolve("named");
        for (int i = 0; i < 2; i++) {
            try (SandboxStore store =
                    SandboxStore.builder().embedded(named).deployment("prod").open()) {
                assertThat(store.rows().unconfirmed()).isTrue();
                store.rows().insert(Rows.row());
                assertThat(store.rows().unconfirmed()).isTrue();
            }
        }
        try (SandboxStore store = SandboxStore.embedded(named)) {
            store.rows().confirm();
            assertThat(store.rows().unconfirmed()).isFalse();
        }
        try (SandboxStore store =
                SandboxStore.builder().embedded(named).deployment("prod").open()) {
            assertThat(store.rows().unconfirmed()).isFalse();
        }
    }

    @Test
    void believesTheHostThatConfirms() {
        Path named = directory.resolve("named");
        SandboxStore.Builder builder = SandboxStore.builder().embedded(named).deployment("prod");
        builder.open().close();
        try (SandboxStore store = SandboxStore.builder()
                .embedded(named)
                .deployment("prod")
                .confirmDeployment()
                .open()) {
            assertThat(store.rows().unconfirmed()).isFalse();
        }
        try (SandboxStore store = builder.open()) {
            assertThat(store.rows().unconfirmed()).isFalse();
        }
    }

    @Test
    void refusesACopyInTheHostsDataSource() {
        String name = directory.resolve("host").toString();
        JdbcConnectionPool source = JdbcConnectionPool.create("jdbc:h2:file:" + name, "sa", "");
        SandboxStore.on(source).close();
        SandboxStore.on(source).close();
        source.dispose();
        assertThat(directory
                        .resolve("host.mv.db")
                        .toFile()
                        .renameTo(directory.resolve("other.mv.db").toFile()))
                .isTrue();
        JdbcConnectionPool other = JdbcConnectionPool.create("jdbc:h2:file:" + directory.resolve("other"), "sa", "");
        try {
            assertThatThrownBy(() -> SandboxStore.on(other)).hasMessageContaining("copied or moved");
            SandboxStore.builder().on(other).confirmDeployment().open().close();
            SandboxStore.on(other).close();
        } finally {
            other.dispose();
        }
    }

    @Test
    void tellsAHostWhoseDatabaseForgets() {
        String url = "jdbc:h2:file:" + directory.resolve("host");
        for (String options : List.of("", ";WRITE_DELAY=0")) {
            JdbcConnectionPool source = JdbcConnectionPool.create(url + options, "sa", "");
            try {
                assertThat(Jdbi.create(source).withHandle(new H2Dialect()::durabilityRisk))
                        .isEqualTo(
                                options.isEmpty()
                                        ? Optional.of(
                                                "H2 loses what it has acknowledged in the last 500 ms when its JVM is"
                                                        + " killed: add ;WRITE_DELAY=0 to its URL")
                                        : Optional.empty());
            } finally {
                source.dispose();
            }
        }
    }

    @Test
    void takesOnlyIdsThatEveryProviderTakes() {
        for (String bad : List.of("", "Prod", "a_b", "a b", "x".repeat(41), "ä", "a\n")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> SandboxStore.builder().deployment(bad))
                    .withMessageContaining("[a-z0-9-]");
        }
        try (SandboxStore store =
                SandboxStore.builder().inMemory().deployment("x".repeat(40)).open()) {
            assertThat(store.deployment()).hasSize(40);
        }
        assertThatThrownBy(() -> SandboxStore.builder().open()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void namesTheMachineWithoutTellingItsId() throws IOException {
        String id = UUID.randomUUID().toString();
        Path file = Files.writeString(directory.resolve("machine-id"), id + "\n");
        Path absent = directory.resolve("absent");
        assertThat(Place.machine(file, false, Map.of()))
                .hasSize(24)
                .doesNotContain(id)
                .isEqualTo(Place.machine(file, false, Map.of("COMPUTERNAME", "x")))
                .isNotEqualTo(Place.machine(absent, false, Map.of("COMPUTERNAME", "x")));
        assertThat(Place.machine(absent, false, Map.of())).isEqualTo("-");
        assertThat(Place.machine(file, true, Map.of())).isEqualTo("container");
    }

    private static Path copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
        return to;
    }

    private static void assertRefused(Path store, String... parts) {
        assertThatThrownBy(() -> SandboxStore.embedded(store))
                .isInstanceOfSatisfying(StoreUnavailableException.class, e -> {
                    assertThat(e.code()).isEqualTo("deployment_unconfirmed");
                    assertThat(e.remedy())
                            .hasValueSatisfying(remedy -> assertThat(remedy)
                                    .contains("confirmDeployment()")
                                    .containsPattern("deployment\\(\"sk-[0-9a-f]{16}\"\\)"));
                })
                .hasMessageContainingAll(parts);
    }
}
