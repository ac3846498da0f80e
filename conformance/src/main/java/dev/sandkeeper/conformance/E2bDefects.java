package dev.sandkeeper.conformance;

import static dev.sandkeeper.conformance.Defect.answer;
import static dev.sandkeeper.conformance.Defect.head;
import static dev.sandkeeper.conformance.Defect.json;
import static dev.sandkeeper.conformance.Defect.messages;
import static dev.sandkeeper.conformance.Defect.swapped;

import dev.sandkeeper.testkit.simulator.internal.Answer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** What may be wrong with a simulator of E2B. */
final class E2bDefects {
    private static final String START = "POST /process.Process/Start";

    private E2bDefects() {}

    static List<Defect> all() {
        return List.of(
                answer(
                        "a sandbox that is gone is a 404 at its own address",
                        "lifecycle",
                        "GET /health",
                        each -> each.status() == 502 ? each.status(404) : each),
                answer(
                        "a killed sandbox is a 404 without code",
                        "lifecycle",
                        "DELETE /sandboxes/{sandboxID}",
                        each -> each.status() == 404 ? each.body(text("{\"message\":\"not found\"}")) : each),
                answer(
                        "a second pause succeeds",
                        "lifecycle",
                        "POST /sandboxes/{sandboxID}/pause",
                        each -> each.status() == 409 ? Answer.empty(204) : each),
                json("a sandbox has no id", "readme", "POST /v2/sandboxes", body -> body.remove("sandboxID")),
                json(
                        "the memory is called otherwise",
                        "lifecycle",
                        "GET /sandboxes/{sandboxID}",
                        body -> body.remove("memoryMB")),
                answer(
                        "the end is no time",
                        "lifecycle",
                        "GET /sandboxes/{sandboxID}",
                        each -> replace(each, "\"endAt\":\"", "\"endAt\":\"about ")),
                answer(
                        "lists have no next page",
                        "list",
                        "GET /v2/sandboxes",
                        each -> new Answer(each.status(), Map.of("Content-Type", "application/json"), each.body())),
                answer(
                        "a kind of file has another name",
                        "directories",
                        "POST /filesystem.Filesystem/Stat",
                        each -> replace(each, "FILE_TYPE_FILE", "REGULAR")),
                answer(
                        "an existing directory is made again",
                        "directories",
                        "POST /filesystem.Filesystem/MakeDir",
                        each -> each.status() == 409
                                ? Defect.empty(200).header("Content-Type", "application/json")
                                : each),
                answer(
                        "an upload answers no list",
                        "files",
                        "POST /files",
                        each -> each.status() == 200 ? each.body(text("{}")) : each),
                head(
                        "a stream is said to be one message",
                        "commands",
                        START,
                        each -> each.header("Content-Type", "application/json")),
                messages(
                        "no frame ends a stream",
                        "commands",
                        START,
                        (number, message) -> message[0] == 2 ? List.of() : List.of(message)),
                messages("a frame is said to be compressed", "commands", START, (number, message) -> {
                    message[0] |= 1;
                    return List.of(message);
                }),
                swapped("output comes before the start", "commands", START),
                messages("the exit code is left out", "commands", START, (number, message) -> {
                    String json = new String(message, 5, message.length - 5, StandardCharsets.UTF_8);
                    return List.of(frame(message[0], json.replaceAll("\"exitCode\":-?[0-9]+,", "")));
                }));
    }

    private static byte[] frame(int flags, String json) {
        byte[] bytes = text(json);
        return ByteBuffer.allocate(5 + bytes.length)
                .put((byte) flags)
                .putInt(bytes.length)
                .put(bytes)
                .array();
    }

    private static Answer replace(Answer answer, String old, String now) {
        return answer.body(text(new String(answer.body(), StandardCharsets.UTF_8).replace(old, now)));
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
