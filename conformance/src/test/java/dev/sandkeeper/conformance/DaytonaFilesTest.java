package dev.sandkeeper.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaSimulator;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The toolbox: files. */
@Needs(Component.BUBBLEWRAP)
class DaytonaFilesTest extends DaytonaSimulatorTesting {
    private static final String FORM = "multipart/form-data; boundary=bound";

    private String files;
    private String toolbox;

    @BeforeEach
    void create() {
        toolbox = "/toolbox/" + calls.sandbox();
        files = toolbox + "/files";
    }

    private String shell(String command) {
        return calls.postRaw(toolbox + "/process/execute", DaytonaCalls.json(java.util.Map.of("command", command)))
                .at("result");
    }

    private static String part(String name, String file, String content) {
        return "--bound\r\nContent-Disposition: form-data; name=\"" + name + "\"" + file + "\r\n\r\n" + content
                + "\r\n";
    }

    private DaytonaCalls.Reply uploadAll(String... pathsAndContents) {
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < pathsAndContents.length; i += 2) {
            body.append(part("files[" + i / 2 + "].path", "", pathsAndContents[i]));
            body.append(part("files[" + i / 2 + "].file", "; filename=\"x\"", pathsAndContents[i + 1]));
        }
        return calls.send("POST", files + "/bulk-upload", BodyPublishers.ofString(body + "--bound--\r\n"), FORM);
    }

    @Test
    void uploadsManyFilesAndMakesTheirDirectories() {
        DaytonaCalls.Reply answer =
                uploadAll("/tmp/a/b/one.txt", "eins\n", "two", "").is(200);
        assertThat(answer.json().at("/files/0/bytes").asInt()).isEqualTo(5);
        assertThat(shell("cat /tmp/a/b/one.txt; stat -c '%a %s' /tmp/a /tmp/a/b/one.txt two"))
                .startsWith("eins\n755 ")
                .contains("\n644 5\n644 0\n");
        DaytonaCalls.Reply failed =
                uploadAll("/proc/nope", "x", "/tmp/good", "y").is(400);
        assertThat(failed.json().at("/errors/0").asText()).startsWith("/proc/nope: create: ");
        assertThat(failed.json().at("/files/0/path").asText()).isEqualTo("/tmp/good");
    }

    @Test
    void uploadsRawBytesOfAnySizeAndGivesThemBack() {
        byte[] large = new byte[3_000_000];
        new Random(1).nextBytes(large);
        calls.send(
                        "POST",
                        files + "/upload-v2?path=dir%2Flarge+one",
                        BodyPublishers.ofByteArray(large),
                        "application/octet-stream")
                .is(200);
        DaytonaCalls.Reply back =
                calls.get(files + "/download?path=dir%2Flarge%20one").is(200);
        assertThat(back.body()).isEqualTo(large);
        assertThat(back.header("Content-Disposition")).contains("large%20one");
        DaytonaCalls.Reply range = calls.with("Range", "bytes=10-19")
                .get(files + "/download?path=dir%2Flarge+one")
                .is(206);
        assertThat(range.body()).isEqualTo(java.util.Arrays.copyOfRange(large, 10, 20));
        assertThat(range.header("Content-Range")).isEqualTo("bytes 10-19/3000000");
        shell("ln -s large\\ one dir/link");
        calls.send(
                        "POST",
                        files + "/upload-v2?path=dir%2Flink",
                        BodyPublishers.ofString(part("file", "; filename=\"t\"", "through") + "--bound--\r\n"),
                        FORM)
                .is(200);
        assertThat(shell("cat dir/large\\ one; readlink dir/link")).isEqualTo("throughlarge one\n");
    }

    @Test
    void downloadsManyFilesWithTheirErrorsAmongThem() {
        uploadAll("/tmp/a", "A", "/tmp/b", "B");
        DaytonaCalls.Reply answer = calls.post(files + "/bulk-download", "{'paths':['/tmp/a','/tmp/none','/tmp/b']}")
                .is(200);
        assertThat(answer.header("Content-Type")).isEqualTo("multipart/form-data; boundary=DAYTONA-FILE-BOUNDARY");
        String[] parts = answer.text().split("--DAYTONA-FILE-BOUNDARY", -1);
        assertThat(parts[1]).contains("name=\"file\"; filename=\"/tmp/a\"").endsWith("\r\n\r\nA\r\n");
        assertThat(parts[2]).contains("name=\"error\"").contains("FILE_NOT_FOUND");
        assertThat(parts[3]).endsWith("\r\n\r\nB\r\n");
        calls.post(files + "/bulk-download", "{'paths':[]}").is(400);
    }

    @Test
    void tellsWhatItKnowsOfFiles() {
        shell("mkdir -p d/e; printf 12345 > d/f; chmod 640 d/f; ln -s f d/l; touch d/e/g");
        JsonNode file = calls.get(files + "/info?path=d%2Ff").is(200).json();
        assertThat(file.get("name").asText()).isEqualTo("f");
        assertThat(file.get("size").asInt()).isEqualTo(5);
        assertThat(file.get("mode").asText()).isEqualTo("-rw-r-----");
        assertThat(file.get("permissions").asText()).isEqualTo("0640");
        assertThat(file.get("isDir").asBoolean()).isFalse();
        assertThat(file.get("owner").asText()).matches("[0-9]+");
        assertThat(calls.get(files + "/info?path=d%2Fl").json().get("size").asInt())
                .isEqualTo(5);
        JsonNode all = calls.get(files + "?path=d").is(200).json();
        assertThat(all.findValuesAsText("name")).containsExactly("e", "f", "l");
        assertThat(all.get(0).get("mode").asText()).isEqualTo("drwxr-xr-x");
        assertThat(calls.get(files + "?path=d&depth=2").json().findValuesAsText("path"))
                .containsExactly("/workspace/d/e", "/workspace/d/e/g", "/workspace/d/f", "/workspace/d/l");
        DaytonaCalls.Reply none = calls.get(files + "/info?path=none").is(404);
        assertThat(none.at("code")).isEqualTo("FILE_NOT_FOUND");
        calls.get(files + "?path=d%2Ff").is(400);
        calls.get(files + "?path=none").is(404);
        calls.get(files + "/download?path=d").is(400);
        calls.get(files + "/download?path=none").is(404);
        calls.get(files + "/info").is(400);
    }

    @Test
    void makesMovesAndDeletes() {
        calls.post(files + "/folder?path=new%2Fdeep&mode=750").is(201);
        calls.post(files + "/folder?path=new%2Fdeep&mode=755").is(201);
        assertThat(shell("stat -c %a new/deep")).isEqualTo("750\n");
        calls.post(files + "/folder?path=x&mode=rwx").is(400);
        shell("echo a > a; echo b > b");
        calls.post(files + "/move?source=a&destination=b").is(409);
        calls.post(files + "/move?source=none&destination=c").is(404);
        calls.post(files + "/move?source=a&destination=none%2Fc").is(404);
        calls.post(files + "/move?source=a&destination=c+d").is(200);
        assertThat(shell("cat 'c d'")).isEqualTo("a\n");
        calls.delete(files + "?path=new").is(400);
        calls.delete(files + "?path=new&recursive=true").is(204);
        calls.delete(files + "?path=b").is(204);
        calls.delete(files + "?path=b").is(404);
        assertThat(shell("ls")).isEqualTo("c d\n");
    }

    @Test
    void changesPermissions() {
        shell("echo a > a");
        calls.post(files + "/permissions?path=a&mode=600").is(200);
        assertThat(shell("stat -c %a a")).isEqualTo("600\n");
        calls.post(files + "/permissions?path=none&mode=600").is(404);
        calls.post(files + "/permissions?path=a&mode=9").is(400);
        calls.post(files + "/permissions?path=a&owner=nobody-of-that-name").is(400);
    }

    @Test
    void findsSearchesAndReplacesText() {
        shell("mkdir s; printf 'one\\nTODO: two\\n' > s/a.txt; printf 'TODO\\0' > s/binary; echo x > s/b.txt");
        JsonNode found =
                calls.get(files + "/find?path=s&pattern=TODO%3A").is(200).json();
        assertThat(found).hasSize(1);
        assertThat(found.at("/0/line").asInt()).isEqualTo(2);
        assertThat(found.at("/0/content").asText()).isEqualTo("TODO: two");
        assertThat(found.at("/0/file").asText()).endsWith("s/a.txt");
        assertThat(calls.get(files + "/find?path=s&pattern=TODO").json()).hasSize(1);
        assertThat(calls.get(files + "/search?path=s&pattern=*.txt").json().get("files"))
                .hasSize(2);
        calls.get(files + "/search?path=none&pattern=*").is(400);
        JsonNode replaced = calls.post(
                        files + "/replace", "{'files':['s/a.txt','s/none'],'pattern':'TODO','newValue':'DONE $1'}")
                .is(200)
                .json();
        assertThat(replaced.at("/0/success").asBoolean()).isTrue();
        assertThat(replaced.at("/1/success").asBoolean()).isFalse();
        assertThat(shell("cat s/a.txt")).isEqualTo("one\nDONE $1: two\n");
    }

    @Test
    void takesSignedAddressesForSingleFiles() throws Exception {
        String id = toolbox.substring("/toolbox/".length());
        String key = calls.get("/sandbox/" + id + "/signing-key").is(200).json().asText();
        javax.crypto.Mac mac = javax.crypto.Mac.getInstance("HmacSHA256");
        mac.init(new javax.crypto.spec.SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        byte[] hash = mac.doFinal("v1:files:GET:/tmp/a:0".getBytes(StandardCharsets.UTF_8));
        String signature =
                "v1_" + java.util.Base64.getUrlEncoder().withoutPadding().encodeToString(hash);
        uploadAll("/tmp/a", "signed");
        DaytonaCalls anybody = calls.with("Authorization", "");
        String address = files + "/download?path=%2Ftmp%2Fa&expires=0&signature=";
        assertThat(anybody.get(address + signature).is(200).text()).isEqualTo("signed");
        anybody.get(address + "v1_AAAA").is(401);
        anybody.get(files + "/info?path=%2Ftmp%2Fa&expires=0&signature=" + signature)
                .is(401);
        calls.post("/sandbox/" + id + "/signing-key/rotate").is(200);
        anybody.get(address + signature).is(401);
    }

    /** As daemons of before 2026-07 answer. */
    @Needs(Component.BUBBLEWRAP)
    static class OfOldDaemonsTest extends DaytonaSimulatorTesting {
        @Override
        DaytonaSimulator.Builder configure(DaytonaSimulator.Builder builder) {
            return builder.oldDaemons();
        }

        @Test
        void saysNothingAboutFilesAndLittleElsewhere() {
            String toolbox = "/toolbox/" + calls.sandbox();
            assertThat(calls.get(toolbox + "/files/info?path=none").is(404).body())
                    .isEmpty();
            DaytonaCalls.Reply late = calls.post(toolbox + "/process/execute", "{'command':'sleep 9','timeout':1}")
                    .is(408);
            assertThat(late.at("code")).isEqualTo("REQUEST_TIMEOUT");
            assertThat(late.json().has("source")).isFalse();
            calls.post(toolbox + "/files/upload-v2?path=a", "x").is(404);
        }
    }
}
