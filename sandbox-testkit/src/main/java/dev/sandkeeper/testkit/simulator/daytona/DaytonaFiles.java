package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.AnswerStream;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The toolbox's routes for files. */
final class DaytonaFiles {
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d{1,18})-(\\d{0,18})");
    private static final Pattern FIELD = Pattern.compile("files\\[(\\d{1,6})\\]\\.(path|file)");
    private static final String BOUNDARY = "DAYTONA-FILE-BOUNDARY";

    private final DaytonaWorld world;
    private final DaytonaToolbox toolbox;

    DaytonaFiles(DaytonaWorld world, DaytonaToolbox toolbox) {
        this.world = world;
        this.toolbox = toolbox;
    }

    void addRoutes() {
        toolbox.add("GET", "/files", this::list);
        toolbox.add("DELETE", "/files", this::delete);
        toolbox.add(
                "GET",
                "/files/info",
                (guest, exchange) -> exchange.answer(
                        200, new DaytonaFileTools(guest).facts(path(exchange)).json()));
        toolbox.add("GET", "/files/download", this::download);
        toolbox.add("POST", "/files/bulk-download", this::bulkDownload);
        toolbox.add("POST", "/files/bulk-upload", this::bulkUpload);
        toolbox.add("POST", world.manner().oldDaemons() ? "/files/upload" : "/files/upload-v2", this::upload);
        toolbox.add("POST", "/files/folder", this::folder);
        toolbox.add("POST", "/files/move", this::move);
        toolbox.add("POST", "/files/permissions", this::permissions);
        toolbox.add("GET", "/files/find", this::find);
        toolbox.add("GET", "/files/search", this::search);
        toolbox.add("POST", "/files/replace", this::replace);
    }

    private static String path(Exchange exchange) {
        return needed(exchange, "path");
    }

    private static String needed(Exchange exchange, String name) {
        return exchange.query(name)
                .filter(value -> !value.isEmpty())
                .orElseThrow(() -> DaytonaRefusal.bad("bad request: " + name + " is required"));
    }

    private void list(DaytonaGuest guest, Exchange exchange) throws InterruptedException {
        String depth = exchange.query("depth").orElse("1");
        if (!depth.matches("[0-9]{1,4}") || Integer.parseInt(depth) < 1) {
            throw DaytonaRefusal.bad("bad request: depth must be at least 1");
        }
        String path = exchange.query("path").filter(text -> !text.isEmpty()).orElse(guest.workDirectory());
        ArrayNode all = Json.array();
        new DaytonaFileTools(guest).list(path, Long.parseLong(depth)).forEach(file -> all.add(file.json()));
        exchange.answer(200, all);
    }

    private void delete(DaytonaGuest guest, Exchange exchange) throws InterruptedException {
        new DaytonaFileTools(guest).delete(path(exchange), DaytonaControl.flag(exchange, "recursive"));
        exchange.answer(204);
    }

    private void folder(DaytonaGuest guest, Exchange exchange) throws InterruptedException {
        String mode = exchange.query("mode").filter(text -> !text.isEmpty()).orElse("0755");
        if (!mode.matches("[0-7]{1,5}")) {
            throw DaytonaRefusal.bad("bad request: invalid mode format: " + mode);
        }
        new DaytonaFileTools(guest).makeDirectory(path(exchange), Integer.parseInt(mode, 8));
        exchange.answer(201);
    }

    private void move(DaytonaGuest guest, Exchange exchange) throws InterruptedException {
        new DaytonaFileTools(guest).move(needed(exchange, "source"), needed(exchange, "destination"));
        exchange.answer(200);
    }

    private void permissions(DaytonaGuest guest, Exchange exchange) throws InterruptedException {
        new DaytonaFileTools(guest)
                .permissions(
                        path(exchange),
                        exchange.query("mode").orElse(""),
                        exchange.query("owner").orElse(""),
                        exchange.query("group").orElse(""));
        exchange.answer(200);
    }

    private void find(DaytonaGuest guest, Exchange exchange) throws InterruptedException {
        ArrayNode all = Json.array();
        for (String[] match : new DaytonaFileTools(guest).find(path(exchange), needed(exchange, "pattern"))) {
            all.addObject()
                    .put("file", match[0])
                    .put("line", Integer.parseInt(match[1]))
                    .put("content", match[2]);
        }
        exchange.answer(200, all);
    }

    private void search(DaytonaGuest guest, Exchange exchange) throws InterruptedException {
        List<String> found = new DaytonaFileTools(guest).search(path(exchange), needed(exchange, "pattern"));
        ObjectNode answer = Json.object();
        answer.set("files", DaytonaJson.list(found));
        exchange.answer(200, answer);
    }

    private void replace(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        List<String> files = fields.list("files");
        String pattern = fields.needed("pattern");
        String value = fields.text("newValue");
        if (value == null || !fields.has("files")) {
            throw DaytonaRefusal.coded(
                    400, "INVALID_REQUEST_BODY", "invalid body request: files and newValue are required");
        }
        DaytonaFileTools tools = new DaytonaFileTools(guest);
        ArrayNode results = Json.array();
        for (String file : files) {
            ObjectNode result = results.addObject().put("file", file);
            try {
                replace(tools, file, pattern, value);
                result.put("success", true);
            } catch (DaytonaRefusal e) {
                result.put("success", false).put("error", e.message());
            }
        }
        exchange.answer(200, results);
    }

    private static void replace(DaytonaFileTools tools, String file, String pattern, String value)
            throws IOException, InterruptedException {
        tools.facts(file);
        String text;
        try (InputStream content = tools.read(file)) {
            text = new String(content.readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (FileAccessException e) {
            throw DaytonaRefusal.bad(String.valueOf(e.getMessage()));
        }
        String replaced = text.replace(latin(pattern), latin(value));
        tools.write(file, new java.io.ByteArrayInputStream(replaced.getBytes(StandardCharsets.ISO_8859_1)));
    }

    /** A character for each byte, so that what is no text stays as it is. */
    private static String latin(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private void download(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        String path = path(exchange);
        DaytonaFileTools tools = new DaytonaFileTools(guest);
        DaytonaFileFacts facts = tools.facts(path);
        if (facts.directory()) {
            throw DaytonaRefusal.bad("bad request: path must be a file, not a directory");
        }
        long first = 0;
        long last = facts.size() - 1;
        Matcher range = RANGE.matcher(exchange.header("Range").orElse(""));
        boolean part = range.matches();
        if (part) {
            first = Long.parseLong(range.group(1));
            last = range.group(2).isEmpty() ? last : Math.min(last, Long.parseLong(range.group(2)));
            if (first > last) {
                exchange.answer(Answer.empty(416).header("Content-Range", "bytes */" + facts.size()));
                return;
            }
        }
        Answer head = new Answer(part ? 206 : 200, headers(facts, last - first + 1), new byte[0]);
        if (part) {
            head = head.header("Content-Range", "bytes " + first + "-" + last + "/" + facts.size());
        }
        try (InputStream content = tools.read(path)) {
            content.skipNBytes(first);
            send(exchange, head, content, last - first + 1);
        } catch (FileAccessException e) {
            throw DaytonaRefusal.coded(403, "FILE_ACCESS_DENIED", "forbidden: " + path + ": permission denied");
        }
    }

    private static Map<String, String> headers(DaytonaFileFacts facts, long length) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Content-Type", "application/octet-stream");
        headers.put("Content-Length", Long.toString(length));
        headers.put("Accept-Ranges", "bytes");
        String encoded = URLEncoder.encode(facts.name(), StandardCharsets.UTF_8).replace("+", "%20");
        String plain = facts.name().replaceAll("[^ -~]|[\"\\\\]", "_");
        headers.put("Content-Disposition", "attachment; filename=\"" + plain + "\"; filename*=UTF-8''" + encoded);
        return headers;
    }

    /** A file that got shorter meanwhile breaks the answer off. */
    private static void send(Exchange exchange, Answer head, InputStream content, long length) throws IOException {
        AnswerStream stream = exchange.stream(head);
        long left = length;
        byte[] buffer = new byte[32 * 1024];
        while (left > 0) {
            int count = content.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (count < 0) {
                stream.abort();
                return;
            }
            stream.write(buffer, 0, count);
            left -= count;
        }
        stream.close();
    }

    private void bulkDownload(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        List<String> paths = DaytonaToolbox.body(exchange).list("paths");
        if (paths.isEmpty()) {
            throw DaytonaRefusal.bad("bad request: paths array is empty");
        }
        guest.sandbox();
        DaytonaFileTools tools = new DaytonaFileTools(guest);
        Answer head = new Answer(200, Map.of("Content-Type", "multipart/form-data; boundary=" + BOUNDARY), new byte[0]);
        AnswerStream stream = exchange.stream(head);
        for (String path : paths) {
            part(exchange, tools, path, stream);
        }
        stream.write(bytes("--" + BOUNDARY + "--\r\n"));
        stream.close();
    }

    private void part(Exchange exchange, DaytonaFileTools tools, String path, AnswerStream stream)
            throws IOException, InterruptedException {
        String quoted = path.replace("\\", "\\\\").replace("\"", "\\\"");
        try {
            DaytonaFileFacts facts = tools.facts(path);
            if (facts.directory()) {
                throw DaytonaRefusal.coded(400, "INVALID_FILE_PATH", "bad request: path is a directory: " + path);
            }
            try (InputStream content = tools.read(path)) {
                stream.write(bytes(partHead("file", quoted, "application/octet-stream", facts.size())));
                byte[] all = new byte[32 * 1024];
                long left = facts.size();
                for (int count = 0; left > 0 && count >= 0; left -= Math.max(count, 0)) {
                    count = content.read(all, 0, (int) Math.min(all.length, left));
                    if (count > 0) {
                        stream.write(all, 0, count);
                    }
                }
                stream.write(bytes("\r\n"));
            } catch (FileAccessException e) {
                throw DaytonaRefusal.coded(500, "FILE_READ_FAILED", "internal server error: cannot read " + path);
            }
        } catch (DaytonaRefusal e) {
            ObjectNode body =
                    world.errors().toolboxBody(DaytonaToolbox.pathInside(exchange.path()), exchange.method(), e);
            byte[] error = Json.bytes(body);
            stream.write(bytes(partHead("error", quoted, "application/json", error.length)));
            stream.write(error);
            stream.write(bytes("\r\n"));
        }
    }

    private static String partHead(String name, String file, String type, long length) {
        return "--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + file
                + "\"\r\nContent-Type: " + type + "\r\nContent-Length: " + length + "\r\n\r\n";
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void bulkUpload(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        DaytonaMultipart form =
                new DaytonaMultipart(exchange.header("Content-Type").orElse(""), exchange.body());
        DaytonaFileTools tools = new DaytonaFileTools(guest);
        guest.sandbox();
        Map<String, String> paths = new LinkedHashMap<>();
        ObjectNode answer = Json.object();
        ArrayNode errors = Json.array();
        ArrayNode files = Json.array();
        for (DaytonaMultipart.Part part = form.next(); part != null; part = form.next()) {
            Matcher field = FIELD.matcher(part.name());
            if (!field.matches()) {
                continue;
            }
            if (field.group(2).equals("path")) {
                paths.put(field.group(1), new String(part.content().readAllBytes(), StandardCharsets.UTF_8));
                continue;
            }
            String path = paths.get(field.group(1));
            if (path == null) {
                errors.add("file " + field.group(1) + " missing path metadata");
                continue;
            }
            try {
                long count = tools.write(path, part.content());
                files.addObject().put("path", path).put("bytes", count);
            } catch (DaytonaRefusal e) {
                errors.add(path + ": create: " + e.message());
            }
        }
        if (errors.isEmpty()) {
            answer.set("files", files);
            exchange.answer(200, answer);
        } else {
            answer.set("errors", errors);
            answer.set("files", files);
            exchange.answer(400, answer);
        }
    }

    private void upload(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        String path = path(exchange);
        DaytonaFileTools tools = new DaytonaFileTools(guest);
        guest.sandbox();
        if (exchange.contentType().equals("multipart/form-data")) {
            DaytonaMultipart form =
                    new DaytonaMultipart(exchange.header("Content-Type").orElse(""), exchange.body());
            DaytonaMultipart.Part part = form.next();
            while (part != null && !part.name().equals("file")) {
                part = form.next();
            }
            if (part == null) {
                throw DaytonaRefusal.bad("bad request: file is required");
            }
            tools.write(path, part.content());
        } else {
            tools.write(path, exchange.body());
        }
        String absolute = guest.absolute(path);
        exchange.answer(
                200,
                Json.object()
                        .put("name", absolute.substring(absolute.lastIndexOf('/') + 1))
                        .put("path", absolute)
                        .put("type", "file"));
    }
}
