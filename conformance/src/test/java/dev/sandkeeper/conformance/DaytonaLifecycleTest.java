package dev.sandkeeper.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaSimulator;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The control plane: how sandboxes come, change and go. */
@Needs(Component.BUBBLEWRAP)
class DaytonaLifecycleTest extends DaytonaSimulatorTesting {
    @Override
    DaytonaSimulator.Builder configure(DaytonaSimulator.Builder builder) {
        return builder.key("dtn_other", "other-organization")
                .restrictedKey("dtn_reader")
                .personToken("person", "other-organization")
                .key("dtn_suspended", "suspended-organization")
                .suspended("suspended-organization")
                .quota(10, 20);
    }

    @Test
    void answersACreateWithTheFirstStateAndShowsTheNextOne() {
        DaytonaCalls.Reply created = calls.post(
                        "/sandbox",
                        "{'name':'one','env':{'A':'1'},'labels':{'task':'42'},'user':'daytona','target':'us','unknown':1}")
                .is(200);
        assertThat(created.at("state")).isEqualTo("creating");
        assertThat(created.at("id")).hasSize(36);
        JsonNode sandbox = calls.get("/sandbox/one").is(200).json();
        assertThat(sandbox.get("id").asText()).isEqualTo(created.at("id"));
        assertThat(sandbox.get("state").asText()).isEqualTo("started");
        assertThat(sandbox.get("env").get("A").asText()).isEqualTo("1");
        assertThat(sandbox.get("labels").get("task").asText()).isEqualTo("42");
        assertThat(sandbox.get("autoStopInterval").asInt()).isEqualTo(15);
        assertThat(sandbox.get("autoArchiveInterval").asInt()).isEqualTo(10_080);
        assertThat(sandbox.get("autoDeleteInterval").asInt()).isEqualTo(-1);
        assertThat(sandbox.get("snapshot").asText()).isEqualTo("daytona-small");
        assertThat(sandbox.get("toolboxProxyUrl").asText()).isEqualTo(simulator.uri() + "/toolbox");
    }

    @Test
    void refusesWhatTheServiceRefuses() {
        calls.post("/sandbox", "{'name':'taken'}").is(200);
        assertThat(calls.post("/sandbox", "{'name':'taken'}").is(409).message())
                .isEqualTo("Sandbox with name taken already exists");
        assertThat(calls.post("/sandbox", "{'snapshot':'nope'}").is(400).message())
                .contains("nope");
        calls.post("/sandbox", "{'cpu':2}").is(400);
        calls.post("/sandbox", "{'snapshot':'daytona-small','buildInfo':{'dockerfileContent':'FROM a:1'}}")
                .is(400);
        assertThat(calls.post("/sandbox", "{'buildInfo':{'dockerfileContent':'FROM a:1'},'disk':90}")
                        .is(400)
                        .message())
                .startsWith("Disk request 90GB exceeds maximum allowed per sandbox (10GB)");
        assertThat(calls.post("/sandbox", "{'target':'mars'}").is(404).message())
                .isEqualTo("Region not found");
        calls.post("/sandbox", "{'autoStopInterval':-1}").is(400);
        calls.post("/sandbox", "{'autoStopInterval':'15'}").is(400);
        calls.post("/sandbox", "{'env':{'A':1}}").is(400);
        calls.post("/sandbox", "{'networkAllowList':'10.0.0.1'}").is(400);
        calls.post("/sandbox", "{'volumes':[{'volumeId':'v','mountPath':'/etc/x'}]}")
                .is(400);
        DaytonaCalls.Reply broken = calls.post("/sandbox", "{'name':").is(400);
        assertThat(broken.json().fieldNames())
                .toIterable()
                .containsExactly("path", "timestamp", "statusCode", "error", "message");
        assertThat(broken.at("path")).isEqualTo("/api/sandbox");
        assertThat(broken.at("error")).isEqualTo("Bad Request");
    }

    @Test
    void tellsQuotasInWords() {
        String two = "{'buildInfo':{'dockerfileContent':'FROM a:1'},'cpu':4}";
        calls.post("/sandbox", two).is(200);
        calls.post("/sandbox", two).is(200);
        assertThat(calls.post("/sandbox", two).is(400).message())
                .startsWith("Total CPU limit exceeded. Maximum allowed: 10.");
    }

    @Test
    void asksForCredentials() {
        String id = calls.sandbox();
        DaytonaCalls.Reply none = calls.with("Authorization", "").get("/sandbox/" + id);
        assertThat(none.is(401).message()).isEqualTo("Invalid credentials");
        calls.with("Authorization", "Bearer nonsense").get("/sandbox/" + id).is(401);
        calls.with("Authorization", "Bearer dtn_other").get("/sandbox/" + id).is(404);
        calls.with("Authorization", "Bearer dtn_suspended").get("/sandbox").is(403);
        DaytonaCalls reader = calls.with("Authorization", "Bearer dtn_reader");
        reader.get("/sandbox/" + id).is(200);
        assertThat(reader.delete("/sandbox/" + id).is(403).message()).isEqualTo("Access denied");
        DaytonaCalls person = calls.with("Authorization", "Bearer person");
        person.get("/sandbox").is(403);
        person.with("X-Daytona-Organization-ID", "other-organization")
                .get("/sandbox")
                .is(200);
    }

    @Test
    void stopsStartsAndArchivesOneStateAfterTheOther() {
        String id = calls.sandbox();
        simulator.faults().transitionsTake(Duration.ofMillis(200));
        String token = calls.get("/sandbox/" + id + "/ports/80/preview-url").at("token");
        calls.post("/sandbox/" + id + "/archive").is(400);
        assertThat(calls.post("/sandbox/" + id + "/stop?force=false").is(200).at("state"))
                .isEqualTo("stopping");
        calls.post("/sandbox/" + id + "/stop").is(409);
        assertThat(calls.delete("/sandbox/" + id).is(409).message()).isEqualTo("Sandbox state change in progress");
        awaitState(id, "stopped");
        assertThat(calls.post("/sandbox/" + id + "/stop").is(400).message())
                .isEqualTo("Sandbox is not in a stoppable state");
        assertThat(calls.post("/sandbox/" + id + "/archive").is(200).at("state"))
                .isEqualTo("archiving");
        awaitState(id, "archived");
        calls.post("/sandbox/" + id + "/start").is(200);
        awaitState(id, "started");
        calls.post("/sandbox/" + id + "/start").is(200);
        assertThat(calls.get("/sandbox/" + id + "/ports/80/preview-url").at("token"))
                .isNotEqualTo(token);
        calls.post("/toolbox/" + id + "/process/execute", "{'command':'true'}").is(200);
    }

    @Test
    void keepsFilesOverAStopAndEndsWhatRuns() {
        String id = calls.sandbox();
        String execute = "/toolbox/" + id + "/process/execute";
        calls.post(
                        execute,
                        "{'command':'echo kept > kept; (while :; do echo x >> beat; sleep 0.05; done) >/dev/null 2>&1 &'}")
                .is(200);
        calls.post("/sandbox/" + id + "/stop").is(200);
        awaitState(id, "stopped");
        calls.post("/sandbox/" + id + "/start").is(200);
        String beats = calls.post(execute, "{'command':'cat kept; wc -l < beat; sleep 0.3; wc -l < beat'}")
                .at("result");
        List<String> lines = beats.lines().toList();
        assertThat(lines.get(0)).isEqualTo("kept");
        assertThat(lines.get(1)).isEqualTo(lines.get(2));
    }

    @Test
    void freesANameAtOnceAndForgetsTheSandboxLater() {
        String id = calls.post("/sandbox", "{'name':'mine'}").at("id");
        simulator.faults().transitionsTake(Duration.ofMillis(300));
        assertThat(calls.delete("/sandbox/mine").is(200).at("state")).isEqualTo("destroying");
        calls.get("/sandbox/mine").is(404);
        assertThat(calls.get("/sandbox/" + id).is(200).at("state")).isEqualTo("destroying");
        calls.delete("/sandbox/" + id).is(409);
        calls.post("/sandbox", "{'name':'mine'}").is(200);
        awaitGone(id);
        assertThat(calls.delete("/sandbox/" + id).is(404).message())
                .isEqualTo("Sandbox with ID or name " + id + " not found");
    }

    @Test
    void deletesAnEphemeralOneWhenItStops() {
        String id = calls.post("/sandbox", "{'autoDeleteInterval':0}").at("id");
        calls.post("/sandbox/" + id + "/backup").is(400);
        assertThat(calls.post("/sandbox/" + id + "/stop").is(200).at("state")).isEqualTo("destroying");
        awaitGone(id);
    }

    @Test
    void replacesLabelsAndSetsIntervals() {
        String id = calls.post("/sandbox", "{'labels':{'a':'1'}}").at("id");
        assertThat(calls.put("/sandbox/" + id + "/labels", "{'labels':{'b':'2'}}")
                        .is(200)
                        .text())
                .isEqualTo("{\"labels\":{\"b\":\"2\"}}");
        assertThat(calls.get("/sandbox/" + id).json().get("labels")).hasSize(1);
        assertThat(calls.post("/sandbox/" + id + "/autostop/30").is(200).at("autoStopInterval"))
                .isEqualTo("30");
        assertThat(calls.post("/sandbox/" + id + "/autoarchive/0").is(200).at("autoArchiveInterval"))
                .isEqualTo("43200");
        assertThat(calls.post("/sandbox/" + id + "/autodelete/-1").is(200).at("autoDeleteInterval"))
                .isEqualTo("-1");
        assertThat(calls.post("/sandbox/" + id + "/ttl/60").is(200).at("autoDestroyAt"))
                .isNotEmpty();
        calls.post("/sandbox/" + id + "/autostop/-1").is(400);
        calls.post("/sandbox/" + id + "/autopause/5").is(400);
        calls.post("/sandbox/" + id + "/pause").is(422);
        calls.post("/sandbox/" + id + "/last-activity", "{}").is(201);
        calls.post("/sandbox/" + id + "/network-settings", "{}").is(400);
        assertThat(calls.post("/sandbox/" + id + "/network-settings", "{'networkBlockAll':true}")
                        .is(200)
                        .at("networkBlockAll"))
                .isEqualTo("true");
    }

    @Test
    void resizesWithinTheRules() {
        String id = calls.sandbox();
        calls.post("/sandbox/" + id + "/resize", "{}").is(400);
        calls.post("/sandbox/" + id + "/resize", "{'cpu':0}").is(400);
        calls.post("/sandbox/" + id + "/resize", "{'disk':5}").is(400);
        assertThat(calls.post("/sandbox/" + id + "/resize", "{'cpu':2,'memory':2}")
                        .is(200)
                        .at("cpu"))
                .isEqualTo("2");
        awaitState(id, "started");
        calls.post("/sandbox/" + id + "/resize", "{'cpu':1}").is(400);
    }

    @Test
    void listsByLabelsStatesAndNamesPageByPage() {
        for (int i = 0; i < 3; i++) {
            calls.post("/sandbox", "{'name':'Page-" + i + "','labels':{'of':'pages','n':'" + i + "'}}");
        }
        calls.post("/sandbox", "{'name':'else'}");
        List<String> names = new ArrayList<>();
        String cursor = "";
        do {
            JsonNode page = calls.get(
                            "/sandbox?limit=2&sort=name&order=asc&labels=%7B%22of%22%3A%22pages%22%7D&cursor=" + cursor)
                    .is(200)
                    .json();
            page.get("items").forEach(item -> names.add(item.get("name").asText()));
            cursor = page.get("nextCursor").asText("");
        } while (!cursor.isEmpty() && !cursor.equals("null"));
        assertThat(names).containsExactly("Page-0", "Page-1", "Page-2");
        assertThat(calls.get("/sandbox?name=page").json().get("items")).hasSize(3);
        assertThat(calls.get("/sandbox?states=stopped&states=started").json().get("items"))
                .hasSize(4);
        assertThat(calls.get("/sandbox?states=stopped").json().get("items")).isEmpty();
        assertThat(calls.get("/sandbox").json().get("items").get(0).has("env")).isFalse();
        calls.get("/sandbox?states=destroyed").is(400);
        calls.get("/sandbox?limit=201").is(400);
        calls.get("/sandbox?cursor=nonsense").is(400);
        assertThat(calls.get("/sandbox?labels=nonsense").is(400).message()).isEqualTo("Invalid labels JSON format");
    }

    @Test
    void listsWhatWasThereSomeTimeAgo() {
        String id = calls.sandbox();
        simulator.faults().listsLagBy(Duration.ofMinutes(1));
        assertThat(calls.get("/sandbox").json().get("items")).isEmpty();
        calls.get("/sandbox/" + id).is(200);
        simulator.faults().heal();
        assertThat(calls.get("/sandbox").json().get("items")).hasSize(1);
    }

    @Test
    void namesTheLimitBehindRetryAfter() {
        simulator
                .faults()
                .next("POST /api/sandbox", SimulatorFault.of(SimulatorFault.Kind.RATE_LIMITED, Duration.ofSeconds(7)))
                .next("GET /api/sandbox", SimulatorFault.of(SimulatorFault.Kind.RATE_LIMITED));
        DaytonaCalls.Reply refused = calls.post("/sandbox", "{}").is(429);
        assertThat(refused.header("Retry-After-sandbox-create")).isEqualTo("7");
        assertThat(refused.header("Retry-After")).isEmpty();
        assertThat(refused.message()).isEqualTo("ThrottlerException: Too Many Requests");
        assertThat(calls.get("/sandbox").is(429).response().headers().map())
                .noneSatisfy((name, values) -> assertThat(name).startsWithIgnoringCase("retry-after"));
        assertThat(calls.get("/sandbox").is(200).json().get("items")).isEmpty();
    }

    @Test
    void commitsWhatItsLostAnswerWouldHaveTold() {
        simulator.faults().next("POST /api/sandbox", SimulatorFault.of(SimulatorFault.Kind.LOST_ANSWER));
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> calls.post("/sandbox", "{'name':'lost'}"))
                .isInstanceOf(java.io.UncheckedIOException.class);
        calls.get("/sandbox/lost").is(200);
    }

    @Test
    void answersUnknownRoutesAsItAnswersAnythingMissing() {
        assertThat(calls.get("/nothing/here").is(404).at("statusCode")).isEqualTo("404");
        calls.get("/socket.io/?EIO=4&transport=websocket").is(404);
        calls.with("Authorization", "").get("/health").is(200);
        assertThat(calls.get("/config").is(200).at("defaultSnapshot")).isEqualTo("daytona-small");
    }
}
