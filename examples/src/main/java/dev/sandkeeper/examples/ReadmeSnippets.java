package dev.sandkeeper.examples;

import dev.sandkeeper.Command;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.ExecResult;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInfo;
import dev.sandkeeper.SandboxListener;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxQuery;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.cleanup.CleanupReport;
import dev.sandkeeper.cleanup.SandboxDeletion;
import dev.sandkeeper.cleanup.SweepReport;
import dev.sandkeeper.cleanup.WebhookListener;
import dev.sandkeeper.docker.DockerBackend;
import dev.sandkeeper.e2b.E2bBackend;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.metrics.SandboxMetrics;
import dev.sandkeeper.store.SandboxStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import javax.sql.DataSource;
import org.slf4j.Logger;

/** The Java of the README, which a test compares with it. */
final class ReadmeSnippets {
    private ReadmeSnippets() {}

    static void first() {
        // snippet: first
        SandboxManager manager = SandboxManager.builder()
                .backend(LocalBackend.create()) // or DockerBackend.create()
                .store(SandboxStore.embedded(Path.of("data")))
                .build();

        try (Sandbox sandbox = manager.create(SandboxSpec.builder().build())) {
            sandbox.files().write("prices.txt", "17\n4\n21\n");
            ExecResult result = sandbox.exec(Command.builder("sort", "-n", "prices.txt")
                    .deadline(Duration.ofSeconds(10))
                    .build());
            System.out.println(result.exitCode() + ": " + result.stdout());
        } // created here, so closed means destroyed
        // end
        manager.close();
    }

    static Sandbox several(SandboxStore store) {
        // snippet: several
        SandboxManager manager = SandboxManager.builder()
                .backend(LocalBackend.create())
                .backend(DockerBackend.create())
                .store(store)
                .build();
        Sandbox sandbox = manager.create(SandboxSpec.builder()
                .backend("docker")
                .image("python:3.13-slim")
                .timeToLive(Duration.ofMinutes(30))
                .idleTimeout(Duration.ofMinutes(5))
                .label("task", "42")
                .build());
        // end
        return sandbox;
    }

    static Sandbox hosted(SandboxStore store) {
        // snippet: hosted
        SandboxManager manager = SandboxManager.builder()
                .backend(E2bBackend.fromEnvironment()) // or DaytonaBackend, FlyBackend
                .store(store)
                .build();
        Sandbox sandbox = manager.create(
                SandboxSpec.builder().timeToLive(Duration.ofMinutes(30)).build());
        // end
        return sandbox;
    }

    static void connect(SandboxManager manager, Sandbox sandbox) {
        // snippet: connect
        SandboxId id = sandbox.detach().id(); // from now on its policy ends it

        try (Sandbox again = manager.connect(id)) { // in this JVM or another one over the same store
            again.renew(Duration.ofHours(1));
            again.exec("python3", "main.py").orThrow();
        } // connected, so closed means let go

        for (SandboxInfo info : manager.list(SandboxQuery.all()).sandboxes()) {
            manager.destroy(info.id());
        }
        // end
    }

    static void errors(Sandbox sandbox, Logger log) {
        // snippet: errors
        try {
            sandbox.exec("python3", "main.py").orThrow();
        } catch (CommandNotStartableException e) {
            log.warn("no python3 in there: {}", e.remedy());
        } catch (SandboxGoneException e) {
            log.warn("ended at {}: {}", e.endedAt(), e.reason());
        } catch (SandboxException e) {
            log.warn("{}, worth another try: {}", e.code(), e.retryable(), e);
        }
        // end
    }

    static void cleanup(SandboxManager manager, Logger log) {
        // snippet: cleanup
        CleanupReport due = manager.cleanup().run(); // ends what is due now, without waiting for the engine
        SweepReport sweep = manager.cleanup().sweep(); // compares the rows with what the providers have
        log.info("{}, {}", due, sweep);
        // end
    }

    static void workflows(SandboxManager manager, String sandboxId, Logger log) {
        // snippet: workflows
        SandboxDeletion deletion = manager.workflows().onFinished(sandboxId, "completed"); // or pr_ready, finalized
        log.info("{}", deletion.toJson());
        // end
    }

    static SandboxManager metrics(SandboxStore store, MeterRegistry meterRegistry) {
        // snippet: metrics
        SandboxManager manager = SandboxManager.builder()
                .backend(LocalBackend.create())
                .store(store)
                .listener(new SandboxMetrics(meterRegistry))
                .build();
        // end
        return manager;
    }

    static SandboxListener webhook(String secret) {
        // snippet: webhook
        SandboxListener alerts = WebhookListener.builder(URI.create("https://alerts.example.com/sandboxes"), secret)
                .build();
        // end
        return alerts;
    }

    static SandboxStore stores(DataSource dataSource) {
        // snippet: stores
        SandboxStore store = SandboxStore.on(dataSource); // PostgreSQL, MariaDB or H2
        // end
        return store;
    }
}
