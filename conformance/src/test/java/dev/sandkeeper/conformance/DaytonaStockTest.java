package dev.sandkeeper.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.testkit.MutableClock;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaSimulator;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The control plane: snapshots, volumes, addresses, and what happens by itself. */
@Needs(Component.BUBBLEWRAP)
class DaytonaStockTest extends DaytonaSimulatorTesting {
    private final MutableClock clock = MutableClock.create();

    @Override
    DaytonaSimulator.Builder configure(DaytonaSimulator.Builder builder) {
        return builder.clock(clock);
    }

    @Test
    void stopsArchivesAndDeletesByIntervals() {
        String id = calls.post("/sandbox", "{'autoStopInterval':15,'autoArchiveInterval':60,'autoDeleteInterval':120}")
                .at("id");
        clock.advance(Duration.ofMinutes(14));
        calls.post("/toolbox/" + id + "/process/execute", "{'command':'true'}").is(200);
        clock.advance(Duration.ofMinutes(14));
        calls.with("X-Daytona-Skip-Last-Activity-Update", "true")
                .post("/toolbox/" + id + "/process/execute", "{'command':'true'}")
                .is(200);
        clock.advance(Duration.ofMinutes(1));
        awaitState(id, "stopped");
        clock.advance(Duration.ofMinutes(61));
        awaitState(id, "archived");
        clock.advance(Duration.ofMinutes(121));
        awaitGone(id);
    }

    @Test
    void endsAtItsTimeToLiveWhateverHappens() {
        String id =
                calls.post("/sandbox", "{'autoStopInterval':0,'ttlMinutes':10}").at("id");
        clock.advance(Duration.ofMinutes(9));
        calls.post("/sandbox/" + id + "/last-activity", "{}").is(201);
        calls.post("/sandbox/" + id + "/ttl/20").is(200);
        clock.advance(Duration.ofMinutes(10));
        calls.get("/sandbox/" + id).is(200);
        clock.advance(Duration.ofMinutes(1));
        awaitGone(id);
    }

    @Test
    void neverStopsWithoutAnInterval() {
        String id = calls.post("/sandbox", "{'autoStopInterval':0}").at("id");
        clock.advance(Duration.ofDays(2));
        await().during(Duration.ofMillis(200))
                .until(() -> calls.get("/sandbox/" + id).at("state").equals("started"));
    }

    @Test
    void makesSnapshotsFromImagesAndOfSandboxes() {
        calls.post("/snapshots", "{'name':'bare','imageName':'debian'}").is(400);
        calls.post("/snapshots", "{'name':'newest','imageName':'debian:latest'}")
                .is(400);
        calls.post("/snapshots", "{'imageName':'debian:12'}").is(400);
        assertThat(calls.post("/snapshots", "{'name':'mine','imageName':'debian:12.9','cpu':2,'memory':4,'disk':8}")
                        .is(200)
                        .at("state"))
                .isEqualTo("pending");
        calls.post("/snapshots", "{'name':'mine','imageName':'debian:12.9'}").is(409);
        await().until(() -> calls.get("/snapshots/mine").at("state").equals("active"));
        assertThat(calls.get("/snapshots/mine").json().get("mem").asInt()).isEqualTo(4);
        String from = calls.post("/sandbox", "{'snapshot':'mine'}").at("id");
        assertThat(calls.get("/sandbox/" + from).at("memory")).isEqualTo("4");
        calls.post("/toolbox/" + from + "/process/execute", "{'command':'echo kept > kept'}");
        assertThat(calls.post("/sandbox/" + from + "/snapshot", "{'name':'taken'}")
                        .is(200)
                        .at("state"))
                .isEqualTo("snapshotting");
        await().until(() -> calls.get("/snapshots/taken").at("state").equals("active"));
        awaitState(from, "started");
        String copy = calls.post("/sandbox", "{'snapshot':'taken'}").at("id");
        assertThat(calls.post("/toolbox/" + copy + "/process/execute", "{'command':'cat kept'}")
                        .at("result"))
                .isEqualTo("kept\n");
        assertThat(calls.get("/snapshots?limit=1&page=2").json().get("items")).hasSize(1);
        assertThat(calls.get("/snapshots").json().get("total").asInt()).isEqualTo(5);
        calls.post("/snapshots/mine/activate").is(400);
        calls.post("/snapshots/mine/deactivate").is(204);
        calls.post("/sandbox", "{'snapshot':'mine'}").is(400);
        calls.post("/snapshots/mine/activate").is(200);
        calls.delete("/snapshots/" + calls.get("/snapshots/mine").at("id")).is(200);
        await().until(() -> calls.get("/snapshots/mine").status() == 404);
        calls.delete("/snapshots/" + calls.get("/snapshots/daytona-small").at("id"))
                .is(403);
    }

    @Test
    void keepsVolumesUntilNobodyUsesThem() {
        calls.get("/volumes/by-name/data").is(404);
        simulator.faults().transitionsTake(Duration.ofMillis(200));
        String volume = calls.post("/volumes", "{'name':'data'}").is(200).at("id");
        assertThat(calls.get("/volumes/" + volume).at("state")).isEqualTo("pending_create");
        calls.delete("/volumes/" + volume).is(400);
        calls.post("/sandbox", "{'volumes':[{'volumeId':'data','mountPath':'/data'}]}")
                .is(400);
        simulator.faults().heal();
        await().until(() -> calls.get("/volumes/by-name/data").at("state").equals("ready"));
        calls.post("/volumes", "{'name':'data'}").is(400);
        String id = calls.post("/sandbox", "{'volumes':[{'volumeId':'data','mountPath':'/data'}]}")
                .is(200)
                .at("id");
        assertThat(calls.get("/sandbox/" + id).json().at("/volumes/0/volumeId").asText())
                .isEqualTo(volume);
        calls.delete("/volumes/" + volume).is(409);
        calls.delete("/sandbox/" + id).is(200);
        awaitGone(id);
        calls.delete("/volumes/" + volume).is(200);
        await().until(() -> calls.get("/volumes").json().isEmpty());
        assertThat(calls.get("/volumes?includeDeleted=true").json()).hasSize(1);
    }

    @Test
    void givesAddressesOfPorts() {
        String id = calls.sandbox();
        DaytonaCalls.Reply preview =
                calls.get("/sandbox/" + id + "/ports/3000/preview-url").is(200);
        assertThat(preview.at("url")).startsWith("http://3000-" + id + ".localhost:");
        assertThat(preview.at("token")).matches("[a-z0-9]{32}");
        calls.get("/sandbox/" + id + "/ports/0/preview-url").is(400);
        String signed = "/sandbox/" + id + "/ports/3000/signed-preview-url";
        DaytonaCalls.Reply made = calls.get(signed + "?expiresInSeconds=120").is(200);
        assertThat(made.at("token")).matches("[a-z0-9]{16}");
        calls.get(signed + "?expiresInSeconds=86401").is(400);
        calls.post(signed + "/" + made.at("token") + "/expire").is(200);
        calls.post(signed + "/" + made.at("token") + "/expire").is(404);
        assertThat(calls.get("/sandbox/" + id + "/toolbox-proxy-url").at("url"))
                .isEqualTo(simulator.uri() + "/toolbox");
    }

    @Test
    void buildsWithoutKeepingTheRequest() {
        String id = calls.post("/sandbox", "{'buildInfo':{'dockerfileContent':'FROM a:1'},'cpu':2,'memory':4,'disk':8}")
                .is(200)
                .at("id");
        awaitState(id, "started");
        String url = calls.get("/sandbox/" + id + "/build-logs-url").is(200).at("url");
        assertThat(url).startsWith(simulator.uri().toString());
        assertThat(calls.get("/sandbox/" + id)
                        .json()
                        .at("/buildInfo/dockerfileContent")
                        .asText())
                .isEqualTo("FROM a:1");
        calls.get("/sandbox/" + calls.sandbox() + "/build-logs-url").is(404);
    }
}
