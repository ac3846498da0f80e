package dev.sandkeeper.conformance;

import static dev.sandkeeper.conformance.Defect.answer;
import static dev.sandkeeper.conformance.Defect.edited;
import static dev.sandkeeper.conformance.Defect.head;
import static dev.sandkeeper.conformance.Defect.json;
import static dev.sandkeeper.conformance.Defect.messages;
import static dev.sandkeeper.conformance.Defect.swapped;

import java.util.List;

/** What may be wrong with a simulator of Daytona. */
final class DaytonaDefects {
    private static final String BOX = "/api/sandbox/{sandboxIdOrName}";
    private static final String TOOLBOX = "/toolbox/{sandboxId}";
    private static final String SESSION = TOOLBOX + "/process/session/{sessionId}";
    private static final String LOGS = "GET " + SESSION + "/command/{commandId}/logs";
    private static final String BULK = "POST " + TOOLBOX + "/files/bulk-download";

    private DaytonaDefects() {}

    static List<Defect> all() {
        return List.of(
                answer(
                        "a create is answered 201",
                        "create",
                        "POST /api/sandbox",
                        each -> each.status() == 200 ? each.status(201) : each),
                answer(
                        "a name that is taken is a 400",
                        "create",
                        "POST /api/sandbox",
                        each -> each.status() == 409 ? each.status(400) : each),
                json("a list has no next page", "create", "GET /api/sandbox", body -> body.putNull("nextCursor")),
                json(
                        "a sandbox is in a state of its own",
                        "settings",
                        "GET " + BOX,
                        body -> body.put("state", "running")),
                json("labels come under no name", "settings", "PUT " + BOX + "/labels", body -> body.remove("labels")),
                answer(
                        "a stopped sandbox can be stopped",
                        "lifecycle",
                        "POST " + BOX + "/stop",
                        each -> each.status() == 400 ? Defect.empty(200) : each),
                answer(
                        "a time-out is a 504",
                        "commands",
                        "POST " + TOOLBOX + "/process/execute",
                        each -> each.status() == 408 ? each.status(504) : each),
                json(
                        "an exit code is missing",
                        "sessions",
                        "POST " + SESSION + "/exec",
                        body -> body.remove("exitCode")),
                json("the log has its streams the wrong way round", "sessions", LOGS, body -> {
                    String out = body.path("stdout").asText();
                    body.put("stdout", body.path("stderr").asText()).put("stderr", out);
                }),
                messages("the marks of the streams are the wrong way round", "sessions", LOGS, (number, message) -> {
                    for (int i = 0; i < message.length; i++) {
                        message[i] = message[i] == 1 ? 2 : message[i] == 2 ? 1 : message[i];
                    }
                    return List.of(message);
                }),
                swapped("the second frame comes before the first", "sessions", LOGS),
                answer(
                        "an error of the toolbox has no code",
                        "files",
                        "GET " + TOOLBOX + "/files/info",
                        each -> each.status() == 404 ? edited(each, body -> body.remove("code")) : each),
                head(
                        "the parts of a download are said to be divided otherwise",
                        "files",
                        BULK,
                        each -> each.header("Content-Type", "multipart/form-data; boundary=ANOTHER")),
                json(
                        "memory has the name that it has elsewhere",
                        "stock",
                        "GET /api/snapshots/{id}",
                        body -> body.set("memory", body.remove("mem"))),
                messages(
                        "a terminal does not say that it is connected",
                        "terminals",
                        "GET " + TOOLBOX + "/process/pty/create-connect",
                        (number, message) -> number == 0 ? List.of() : List.of(message)));
    }
}
