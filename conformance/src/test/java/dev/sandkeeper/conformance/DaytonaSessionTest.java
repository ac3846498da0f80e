package dev.sandkeeper.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.conformance.DaytonaCalls.Heard;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The toolbox: commands, sessions and their logs. */
@Needs(Component.BUBBLEWRAP)
class DaytonaSessionTest extends DaytonaSimulatorTesting {
    private static final String OUT = "\u0001\u0001\u0001";
    private static final String ERR = "\u0002\u0002\u0002";

    private String id;
    private String toolbox;

    @BeforeEach
    void create() {
        id = calls.sandbox();
        toolbox = "/toolbox/" + id;
        calls = calls.with(DaytonaCalls.VERSION, "0.205.1");
    }

    private DaytonaCalls.Reply execute(String body) {
        return calls.post(toolbox + "/process/execute", body);
    }

    private String session(String name) {
        calls.post(toolbox + "/process/session", "{'sessionId':'" + name + "'}").is(201);
        return toolbox + "/process/session/" + name;
    }

    private DaytonaCalls.Reply exec(String session, String command) {
        return calls.postRaw(session + "/exec", DaytonaCalls.json(java.util.Map.of("command", command)));
    }

    private String execAsync(String session, String command) {
        return session + "/command/"
                + calls.postRaw(
                                session + "/exec",
                                DaytonaCalls.json(java.util.Map.of("command", command, "runAsync", true)))
                        .is(202)
                        .at("cmdId");
    }

    private void awaitExit(String command) {
        await().until(() -> calls.get(command).json().has("exitCode"));
    }

    @Test
    void runsOneTextOfAShellAndMergesItsOutput() {
        JsonNode answer = execute(
                        "{'command':'echo out; echo err >&2; pwd; echo $X; exit 3','cwd':'/tmp','envs':{'X':'y'}}")
                .is(200)
                .json();
        assertThat(answer.get("result").asText()).isEqualTo("out\nerr\n/tmp\ny\n");
        assertThat(answer.get("exitCode").asInt()).isEqualTo(3);
        assertThat(answer.size()).isEqualTo(2);
        assertThat(execute("{'command':'cat'}").is(200).at("result")).isEmpty();
        assertThat(execute("{'command':'true','cwd':'/nowhere'}").is(200).at("exitCode"))
                .isEqualTo("-1");
        assertThat(execute("{'command':'  '}").is(400).at("code")).isEqualTo("BAD_REQUEST");
        execute("{'command':'true','envs':{'A-B':'1'}}").is(400);
        assertThat(execute("{'command':").is(400).at("code")).isEqualTo("INVALID_REQUEST_BODY");
    }

    @Test
    void killsACommandAtItsTimeout() {
        DaytonaCalls.Reply late =
                execute("{'command':'echo some; sleep 100','timeout':1}").is(408);
        assertThat(late.message()).isEqualTo("request timeout: command execution timeout");
        assertThat(late.at("code")).isEqualTo("PROCESS_EXECUTION_TIMEOUT");
        assertThat(late.at("source")).isEqualTo("DAYTONA_DAEMON");
        assertThat(late.at("path")).isEqualTo("/process/execute");
        assertThat(execute("{'command':'echo still'}").is(200).at("result")).isEqualTo("still\n");
    }

    @Test
    void runsCommandsOfASessionInOneShell() {
        String session = session("s1");
        calls.post(toolbox + "/process/session", "{'sessionId':'s1'}").is(409);
        calls.post(toolbox + "/process/session", "{'sessionId':'entrypoint'}").is(400);
        assertThat(exec(session, "cd /tmp; export A=1; f() { echo $A in $PWD; }")
                        .is(200)
                        .at("exitCode"))
                .isEqualTo("0");
        JsonNode answer = exec(session, "f; echo its >&2; (exit 7)").is(200).json();
        assertThat(answer.get("stdout").asText()).isEqualTo("1 in /tmp\n");
        assertThat(answer.get("stderr").asText()).isEqualTo("its\n");
        assertThat(answer.get("exitCode").asInt()).isEqualTo(7);
        assertThat(answer.get("output").asText()).contains(OUT + "1 in /tmp\n").contains(ERR + "its\n");
        assertThat(exec(session, "cat").is(200).at("output")).isEmpty();
        JsonNode all = calls.get(toolbox + "/process/session").is(200).json();
        assertThat(all.at("/0/commands")).hasSize(3);
        assertThat(all.at("/0/commands/1/exitCode").asInt()).isEqualTo(7);
        calls.delete(session).is(204);
        assertThat(calls.get(session).is(404).message()).isEqualTo("not found: session not found");
        exec(session, "true").is(404);
    }

    @Test
    void shapesLogsByTheVersionThatAsks() {
        String session = session("s");
        String command = execAsync(session, "echo out; echo err >&2; printf last");
        awaitExit(command);
        JsonNode split = calls.get(command + "/logs").is(200).json();
        assertThat(split.get("stdout").asText()).isEqualTo("out\nlast\n");
        assertThat(split.get("stderr").asText()).isEqualTo("err\n");
        assertThat(split.get("output").asText()).contains(ERR + "err\n");
        DaytonaCalls.Reply marked = calls.with(DaytonaCalls.VERSION, "0.100.0").get(command + "/logs");
        assertThat(marked.header("Content-Type")).startsWith("text/plain");
        assertThat(marked.text())
                .contains(OUT + "out\n")
                .contains(ERR + "err\n")
                .contains(OUT + "last\n");
        String merged =
                calls.with(DaytonaCalls.VERSION, "").get(command + "/logs").text();
        assertThat(merged.lines()).containsExactlyInAnyOrder("out", "err", "last");
        JsonNode sync = calls.with(DaytonaCalls.VERSION, "")
                .post(session + "/exec", "{'command':'echo x'}")
                .json();
        assertThat(sync.get("output").asText()).isEqualTo("x\n");
        assertThat(sync.get("stdout").isNull()).isTrue();
    }

    @Test
    void streamsALogFromItsBeginningAndClosesBehindItsEnd() {
        String command = execAsync(session("s"), "echo first; sleep 0.3; echo second >&2");
        Heard heard = new Heard();
        calls.socket(command + "/logs?follow=true", heard);
        assertThat(heard.end()).isEqualTo("1000 ");
        assertThat(heard.all()).isEqualTo(OUT + "first\n" + ERR + "second\n");
        assertThat(heard.frames.peek()).as("a marker that is cut").hasSize(2);
        assertThat(calls.get(command).json().get("exitCode").asInt()).isZero();
        Heard stripped = new Heard();
        calls.with(DaytonaCalls.VERSION, "").socket(command + "/logs", stripped);
        assertThat(stripped.end()).startsWith("1000");
        assertThat(stripped.all()).isEqualTo("first\nsecond\n");
        assertThat(calls.get(command + "/logs?follow=true").text()).isEqualTo("first\nsecond\n");
    }

    @Test
    void writesInputToCommandsInTheBackgroundOnly() {
        String session = session("s");
        String command = execAsync(session, "read a; read b; echo got $a $b");
        calls.post(command + "/input", "{'data':'one'}").is(204);
        calls.post(command + "/input", "{'data':'two\\n'}").is(204);
        awaitExit(command);
        assertThat(calls.get(command + "/logs").at("stdout")).isEqualTo("one\ntwo\ngot one two\n");
        DaytonaCalls.Reply late = calls.post(command + "/input", "{'data':'y'}").is(410);
        assertThat(late.at("code")).isEqualTo("COMMAND_ALREADY_COMPLETED");
        calls.post(session + "/command/none/input", "{'data':'y'}").is(404);
    }

    @Test
    void letsLaterCommandsWaitForAnAsyncOne() {
        String session = session("s");
        String first = execAsync(session, "sleep 0.3; echo first > order");
        String second = execAsync(session, "echo second >> order");
        assertThat(calls.get(second).json().has("exitCode")).isFalse();
        awaitExit(second);
        awaitExit(first);
        assertThat(execute("{'command':'cat order'}").at("result")).isEqualTo("first\nsecond\n");
    }

    @Test
    void endsEverythingOfASessionThatIsDeleted() {
        String session = session("s");
        String command = execAsync(session, "sleep 100 & sleep 100");
        Heard heard = new Heard();
        calls.socket(command + "/logs?follow=true", heard);
        calls.delete(session).is(204);
        assertThat(heard.end()).startsWith("1000");
        calls.get(command).is(404);
    }

    @Test
    void neverTellsAnExitCodeOfACommandThatEndsItsShell() {
        String session = session("s");
        String command = execAsync(session, "echo before; exit 3");
        await().until(() -> calls.get(command + "/logs").at("stdout").equals("before\n"));
        CompletableFuture<DaytonaCalls.Reply> sync = CompletableFuture.supplyAsync(() -> exec(session, "true"));
        await().during(Duration.ofMillis(200))
                .until(() -> !calls.get(command).json().has("exitCode"));
        calls.delete(session).is(204);
        assertThat(sync.orTimeout(10, TimeUnit.SECONDS).join().status()).isEqualTo(410);
    }

    @Test
    void answersForASandboxThatIsNotThereAsTheProxyDoes() {
        assertThat(calls.with("Authorization", "")
                        .get(toolbox + "/version")
                        .is(401)
                        .message())
                .startsWith("unauthorized: missing authentication");
        assertThat(calls.with("Authorization", "Bearer nonsense")
                        .get(toolbox + "/version")
                        .is(401)
                        .at("code"))
                .isEqualTo("UNAUTHORIZED");
        calls.get("/toolbox/" + java.util.UUID.randomUUID() + "/version").is(401);
        calls.post("/sandbox/" + id + "/stop").is(200);
        awaitState(id, "stopped");
        assertThat(execute("{'command':'true'}").is(400).message()).contains("no IP address found");
        calls.post("/sandbox/" + id + "/archive").is(200);
        awaitState(id, "archived");
        assertThat(execute("{'command':'true'}").is(404).message()).startsWith("not found: sandbox container");
        calls.delete("/sandbox/" + id).is(200);
        awaitGone(id);
        execute("{'command':'true'}").is(401);
    }

    @Test
    void answersNothingBehindASandboxThatIsLost() {
        String command = execAsync(session("s"), "echo alive; sleep 100");
        Heard heard = new Heard();
        calls.socket(command + "/logs?follow=true", heard);
        await().until(() -> heard.all().endsWith("alive\n"));
        simulator.lose(id);
        await().until(heard.closed::isDone);
        assertThat(execute("{'command':'true'}").is(502).body()).isEmpty();
        assertThat(calls.get("/sandbox/" + id).at("state")).isEqualTo("started");
    }

    @Test
    void losesASandboxUnderACommandByPlan() {
        simulator
                .faults()
                .next(
                        "POST /toolbox/{sandboxId}/process/execute",
                        SimulatorFault.of(SimulatorFault.Kind.SANDBOX_DIES, Duration.ofMillis(200)));
        assertThat(execute("{'command':'sleep 100'}").is(502).body()).isEmpty();
    }

    @Test
    void runsCodeAndTellsOfItself() {
        assertThat(calls.get(toolbox + "/version").at("version")).startsWith("v0.");
        assertThat(calls.get(toolbox + "/work-dir").at("dir")).isEqualTo("/workspace");
        assertThat(calls.get(toolbox + "/user-home-dir").at("dir")).startsWith("/");
        String run =
                "{'code':'import sys,os; print(sys.argv[1:], os.environ[\\'E\\'])','language':'python','argv':['a'],'envs':{'E':'1'}}";
        DaytonaCalls.Reply answer = calls.send(
                "POST",
                toolbox + "/process/code-run",
                java.net.http.HttpRequest.BodyPublishers.ofString(
                        run.replace("\\'", "~").replace('\'', '"').replace('~', '\'')),
                "application/json");
        assertThat(answer.is(200).at("result")).isEqualTo("['a'] 1\n");
        calls.post(toolbox + "/process/code-run", "{'code':'x','language':'cobol'}")
                .is(400);
        assertThat(calls.get(toolbox + "/port/3000/in-use").is(200).at("isInUse"))
                .isEqualTo("false");
        assertThat(calls.get(toolbox + "/port").is(200).json().get("ports")).isEmpty();
    }
}
