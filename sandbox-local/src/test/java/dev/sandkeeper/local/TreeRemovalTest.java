package dev.sandkeeper.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreeRemovalTest {
    @TempDir
    Path directory;

    private Path made(String script) throws IOException, InterruptedException {
        Path tree = Files.createDirectory(directory.resolve("tree"));
        Process process = new ProcessBuilder("sh", "-c", script)
                .directory(tree.toFile())
                .inheritIO()
                .start();
        assertThat(process.waitFor()).isZero();
        return tree;
    }

    @Test
    void removesATreeDeeperThanAnyPathOrStack() throws Exception {
        Path tree = made("perl -e 'for (1..3000) { mkdir \"d\" or die; chdir \"d\" or die } open F, \">f\"'");
        TreeRemoval.remove(tree);
        assertThat(tree).doesNotExist();
    }

    @Test
    void neverFollowsALink() throws Exception {
        Path outside = Files.createDirectory(directory.resolve("outside"));
        Files.writeString(outside.resolve("f"), "kept");
        Path tree = made("ln -s " + outside + " link; mkdir d; ln -s " + outside + " d/link; ln -s " + outside
                + "/f d/file; mkdir d/e; ln -s / d/e/root");
        TreeRemoval.remove(tree);
        assertThat(tree).doesNotExist();
        assertThat(outside.resolve("f")).hasContent("kept");
        Path link = Files.createSymbolicLink(directory.resolve("tree"), outside);
        TreeRemoval.remove(link);
        assertThat(outside.resolve("f")).hasContent("kept");
    }

    @Test
    void removesWhatItsOwnerHasLockedAndNamesThatAreNoText() throws Exception {
        Path tree = made("mkdir -p a/b/c 'new\nline' \"$(printf 'x\\377\\376')\"; echo x > a/b/c/f;"
                + " echo x > \"$(printf 'a/\\300')\"; mkfifo a/p; chmod 000 a/b/c a/b a");
        TreeRemoval.remove(tree);
        assertThat(tree).doesNotExist();
    }

    @Test
    void removesManyFilesFromSeveralThreadsAtOnce() throws Exception {
        Path tree = made("perl -e 'for $i (1..40) { mkdir $i; for (1..100) { open F, \">$i/$_\"; close F } }'");
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<Object>> removals = List.of(1, 2, 3, 4).stream()
                    .map(ignored -> threads.submit(() -> {
                        TreeRemoval.remove(tree);
                        return new Object();
                    }))
                    .toList();
            for (Future<Object> removal : removals) {
                assertThat(removal.get()).isNotNull();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(tree).doesNotExist();
    }

    @Test
    void doesNothingIfThereIsNothing() throws IOException {
        TreeRemoval.remove(directory.resolve("missing"));
        assertThat(directory).isEmptyDirectory();
    }
}
