package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.Snapshot;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is asked of Daytona for a snapshot, in which order, and what its answers mean. */
class SnapshotsTest {
    private static final String AT_DAYTONA = "sandkeeper-my-app_one";

    private final MockWebServer server = new MockWebServer();
    private DaytonaBackend backend;

    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else
    SnapshotsTest() {}

    @BeforeEach
    void start() throws IOException {
        server.start();
        backend = DaytonaBackend.builder()
                .apiKey(Simulated.KEY)
                .apiUrl(server.url("/api").toString())
                .callTimeout(Duration.ofSeconds(35))
                .build();
    }

    @AfterEach
    void stop() {
        backend.close();
        server.close();
    }

    private void answers(int status, String body) {
        server.enqueue(new MockResponse.Builder().code(status).body(body).build());
    }

    private static String snapshot(String name, String state) {
        return "{\"id\":\"id-of-" + name + "\",\"name\":\"" + name + "\",\"state\":\"" + state
                + "\",\"errorReason\":\"no room\",\"createdAt\":\"2026-11-21T08:00:00.000Z\"}";
    }

    private static String sandbox(String state) {
        return "{\"id\":\"s1\",\"state\":\"" + state + "\"}";
    }

    private void assertAsked(String... requests) throws InterruptedException {
        for (String request : requests) {
            assertThat(server.takeRequest().getRequestLine()).isEqualTo(request + " HTTP/1.1");
        }
        assertThat(server.getRequestCount()).isEqualTo(requests.length);
    }

    @Test
    void waitsUntilTheSnapshotIsActiveAndTheSandboxAsBefore() throws Exception {
        answers(404, "{\"message\":\"no such snapshot\"}");
        answers(200, sandbox("snapshotting"));
        answers(404, "{\"message\":\"not yet\"}");
        answers(200, snapshot(AT_DAYTONA, "snapshotting"));
        answers(200, snapshot(AT_DAYTONA, "active"));
        answers(200, sandbox("snapshotting"));
        answers(200, sandbox("started"));
        assertThat(backend.snapshot("my-app", "s1", "one"))
                .isEqualTo(new Snapshot(
                        "daytona", "one", "snapshot://" + AT_DAYTONA, Instant.parse("2026-11-21T08:00:00Z")));
        String look = "GET /api/snapshots/" + AT_DAYTONA;
        RecordedRequest first = server.takeRequest();
        assertThat(first.getRequestLine()).isEqualTo(look + " HTTP/1.1");
        RecordedRequest made = server.takeRequest();
        assertThat(made.getRequestLine()).isEqualTo("POST /api/sandbox/s1/snapshot HTTP/1.1");
        assertThat(made.getBody().utf8()).isEqualTo("{\"name\":\"" + AT_DAYTONA + "\"}");
        for (int i = 0; i < 3; i++) {
            assertThat(server.takeRequest().getRequestLine()).isEqualTo(look + " HTTP/1.1");
        }
        assertThat(server.getRequestCount()).isEqualTo(7);
    }

    @Test
    void removesWhatDaytonaCouldNotMakeAndSaysWhy() throws Exception {
        answers(404, "{}");
        answers(200, sandbox("snapshotting"));
        answers(200, snapshot(AT_DAYTONA, "error"));
        answers(200, snapshot(AT_DAYTONA, "error"));
        answers(200, "");
        answers(404, "{}");
        assertThatThrownBy(() -> backend.snapshot("my-app", "s1", "one"))
                .isInstanceOfSatisfying(
                        BackendRejectedException.class,
                        e -> assertThat(e.code()).isEqualTo("snapshot_failed"))
                .hasMessageContaining("no room");
        String look = "GET /api/snapshots/" + AT_DAYTONA;
        assertAsked(
                look, "POST /api/sandbox/s1/snapshot", look, look, "DELETE /api/snapshots/id-of-" + AT_DAYTONA, look);
    }

    @Test
    void aNameThatIsUsedAndASandboxThatIsBusyAreTwoConflicts() {
        answers(200, snapshot(AT_DAYTONA, "active"));
        assertConflict("snapshot_exists");
        answers(404, "{}");
        answers(409, "{\"message\":\"Snapshot with this name already exists\"}");
        answers(200, snapshot(AT_DAYTONA, "snapshotting"));
        assertConflict("snapshot_exists");
        answers(404, "{}");
        answers(409, "{\"message\":\"Sandbox state change in progress\"}");
        for (int i = 0; i < 4; i++) {
            answers(404, "{}");
        }
        assertConflict(DaytonaErrors.BUSY);
    }

    private void assertConflict(String code) {
        assertThatThrownBy(() -> backend.snapshot("my-app", "s1", "one"))
                .isInstanceOfSatisfying(
                        SandboxConflictException.class,
                        e -> assertThat(((SandboxException) e).code()).isEqualTo(code));
    }

    @Test
    void aLostAnswerIsFoundAgainOrReported() {
        answers(404, "{}");
        answers(500, "{\"message\":\"oops\"}");
        answers(404, "{}");
        answers(200, snapshot(AT_DAYTONA, "snapshotting"));
        answers(200, snapshot(AT_DAYTONA, "active"));
        answers(200, sandbox("started"));
        assertThat(backend.snapshot("my-app", "s1", "one").name()).isEqualTo("one");

        server.setDispatcher(new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
                int status = request.getMethod().equals("POST") ? 500 : 404;
                return new MockResponse.Builder().code(status).body("{}").build();
            }
        });
        assertThatThrownBy(() -> backend.snapshot("my-app", "s1", "two"))
                .isInstanceOfSatisfying(
                        OutcomeUnknownException.class,
                        e -> assertThat(e.remedy()).isPresent());
    }

    @Test
    void listsAllPagesAndDeletesNothingOfOthers() throws Exception {
        answers(
                200,
                "{\"items\":[" + snapshot(AT_DAYTONA, "active") + "," + snapshot("sandkeeper-my-app_a_b", "active")
                        + "],\"total\":4,\"page\":1,\"totalPages\":2}");
        answers(
                200,
                "{\"items\":[" + snapshot("sandkeeper-my-app_three", "error") + ","
                        + snapshot("sandkeeper-my-app_two", "removing") + "],\"total\":4,\"page\":2,\"totalPages\":2}");
        assertThat(backend.snapshots("my-app")).extracting(Snapshot::name).containsExactly("one", "three");
        backend.deleteSnapshot("my-app", "snapshot://daytona-small");
        backend.deleteSnapshot("my-app", AT_DAYTONA);
        answers(404, "{}");
        backend.deleteSnapshot("my-app", "snapshot://" + AT_DAYTONA);
        String list = "GET /api/snapshots?name=sandkeeper-my-app_&page=";
        assertAsked(
                list + "1&limit=200&sort=name&order=asc",
                list + "2&limit=200&sort=name&order=asc",
                "GET /api/snapshots/" + AT_DAYTONA);
    }
}
