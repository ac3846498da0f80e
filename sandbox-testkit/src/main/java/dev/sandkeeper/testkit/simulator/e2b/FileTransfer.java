package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.testkit.simulator.internal.Answer;
import dev.sandkeeper.testkit.simulator.internal.AnswerStream;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Fields;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Refusal;
import dev.sandkeeper.testkit.simulator.internal.Router;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLConnection;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** {@code /files}: the content of files, down and up. */
final class FileTransfer {
    private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{1,18})-([0-9]{0,18})");
    private static final String METADATA = "x-metadata-";

    private final Gate gate;

    FileTransfer(Gate gate) {
        this.gate = gate;
    }

    void addTo(Router router) {
        router.add("GET", "/files", this::download).add("POST", "/files", this::upload);
    }

    void addComposeTo(Router router) {
        router.add("POST", "/files/compose", this::compose);
    }

    private static String user(Exchange exchange) {
        String user = exchange.query("username").filter(name -> !name.isEmpty()).orElse("user");
        if (!Gate.known(user)) {
            throw ApiErrors.refusal(401, "error looking up user '" + user + "': user: unknown user " + user);
        }
        return user;
    }

    private static String path(Exchange exchange, String path) {
        try {
            return Paths.resolve(path, user(exchange));
        } catch (IllegalArgumentException e) {
            throw ApiErrors.badRequest(String.valueOf(e.getMessage()));
        }
    }

    private void download(Exchange exchange) throws IOException {
        SimulatedSandbox sandbox = gate.forFiles(exchange, "read");
        String path = path(exchange, exchange.query("path").orElse(""));
        FileInfo info = ordinary(sandbox, path);
        String type = Optional.ofNullable(URLConnection.guessContentTypeFromName(path))
                .orElse("application/octet-stream");
        Answer head = Answer.empty(200)
                .header("Content-Type", type)
                .header("Content-Disposition", "inline; filename=" + Paths.name(path))
                .header("Vary", "Accept-Encoding")
                .header(
                        "Last-Modified",
                        DateTimeFormatter.RFC_1123_DATE_TIME.format(
                                info.modifiedAt().atOffset(ZoneOffset.UTC)));
        boolean gzip = exchange.header("Accept-Encoding").orElse("").contains("gzip")
                && exchange.header("Range").isEmpty();
        try (InputStream content = sandbox.machine().files().read(Paths.real(path))) {
            if (gzip) {
                try (AnswerStream out = exchange.stream(head.header("Content-Encoding", "gzip"));
                        OutputStream packed = new GZIPOutputStream(new Unclosed(out))) {
                    content.transferTo(packed);
                }
            } else {
                plain(exchange, head.header("Accept-Ranges", "bytes"), content, info.size());
            }
        } catch (FileAccessException e) {
            throw failed(path, e);
        }
    }

    private static void plain(Exchange exchange, Answer head, InputStream content, long size) throws IOException {
        Matcher range = RANGE.matcher(exchange.header("Range").orElse(""));
        if (!range.matches()) {
            send(exchange, head.header("Content-Length", Long.toString(size)), content);
            return;
        }
        long first = Long.parseLong(range.group(1));
        long last = range.group(2).isEmpty() ? size - 1 : Math.min(size - 1, Long.parseLong(range.group(2)));
        if (first >= size || last < first) {
            throw new Refusal(head.status(416).header("Content-Range", "bytes */" + size));
        }
        content.skipNBytes(first);
        byte[] part = content.readNBytes((int) Math.min(Integer.MAX_VALUE - 8, last - first + 1));
        exchange.answer(head.status(206)
                .header("Content-Range", "bytes " + first + "-" + last + "/" + size)
                .body(part));
    }

    private static void send(Exchange exchange, Answer head, InputStream content) throws IOException {
        AnswerStream out = exchange.stream(head);
        try {
            content.transferTo(out);
        } catch (IOException e) {
            out.abort();
            throw e;
        }
        out.close();
    }

    /** What is a file, a link to one followed. */
    private static FileInfo ordinary(SimulatedSandbox sandbox, String path) {
        try {
            FileInfo info = sandbox.machine().files().stat(Paths.real(path));
            if (info.type() == FileInfo.Type.SYMBOLIC_LINK) {
                String target = sandbox.machine()
                        .script("readlink -f -- \"$1\"", null, Paths.real(path))
                        .text()
                        .stripTrailing();
                info = sandbox.machine().files().stat(target);
            }
            if (info.type() == FileInfo.Type.DIRECTORY) {
                throw ApiErrors.badRequest("path '" + path + "' is a directory");
            }
            return info;
        } catch (FileAccessException e) {
            throw failed(path, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiErrors.refusal(500, "interrupted");
        }
    }

    private static Refusal failed(String path, FileAccessException failure) {
        return switch (failure.code()) {
            case "file_not_found", "not_a_directory" -> ApiErrors.refusal(404, "path '" + path + "' does not exist");
            case "is_a_directory" -> ApiErrors.badRequest("path '" + path + "' is a directory");
            case "disk_full" -> ApiErrors.refusal(507, "not enough disk space available");
            default -> ApiErrors.refusal(500, "error opening file '" + path + "': " + failure.code());
        };
    }

    private void upload(Exchange exchange) throws IOException {
        SimulatedSandbox sandbox = gate.forFiles(exchange, "write");
        String encoding = exchange.header("Content-Encoding").orElse("identity");
        if (!encoding.equals("identity") && !encoding.equals("gzip")) {
            throw ApiErrors.badRequest("unsupported Content-Encoding: " + encoding);
        }
        Map<String, String> metadata = metadata(exchange);
        InputStream body = encoding.equals("gzip") ? new GZIPInputStream(exchange.body()) : exchange.body();
        List<String> written = switch (exchange.contentType()) {
            case "multipart/form-data" -> parts(exchange, sandbox, body);
            case "application/octet-stream" -> whole(exchange, sandbox, body);
            default -> throw ApiErrors.badRequest("unsupported Content-Type: " + exchange.contentType());
        };
        ArrayNode list = Json.array();
        for (String path : written) {
            sandbox.fileMetadata().put(Paths.real(path), metadata);
            ObjectNode entry = list.addObject()
                    .put("path", path)
                    .put("name", Paths.name(path))
                    .put("type", "file");
            if (!metadata.isEmpty()) {
                ObjectNode fields = entry.putObject("metadata");
                metadata.forEach(fields::put);
            }
        }
        exchange.answer(Answer.json(200, list).header("Content-Type", "text/plain; charset=utf-8"));
    }

    private static List<String> whole(Exchange exchange, SimulatedSandbox sandbox, InputStream body) {
        String path = exchange.query("path")
                .filter(text -> !text.isEmpty())
                .orElseThrow(() -> ApiErrors.badRequest("path query parameter is required"));
        return List.of(write(sandbox, path(exchange, path), body));
    }

    private static List<String> parts(Exchange exchange, SimulatedSandbox sandbox, InputStream body)
            throws IOException {
        List<String> written = new ArrayList<>();
        Set<String> targets = new HashSet<>();
        Multipart parts;
        try {
            parts = Multipart.of(exchange, body);
        } catch (IOException e) {
            throw ApiErrors.badRequest("error parsing multipart form: " + e.getMessage());
        }
        for (Optional<Multipart.Part> part = parts.next(); part.isPresent(); part = parts.next()) {
            if (!part.get().name().equals("file")) {
                continue;
            }
            String path =
                    path(exchange, exchange.query("path").orElse(part.get().fileName()));
            if (!targets.add(path)) {
                throw ApiErrors.badRequest("you cannot upload multiple files to the same path '" + path
                        + "' in one upload request, only the first specified file was uploaded");
            }
            written.add(write(sandbox, path, part.get().content()));
        }
        return written;
    }

    private static String write(SimulatedSandbox sandbox, String path, InputStream content) {
        try {
            sandbox.machine().files().write(Paths.real(path), content, -1);
            return path;
        } catch (FileAccessException e) {
            throw failed(path, e);
        }
    }

    private static Map<String, String> metadata(Exchange exchange) {
        Map<String, String> metadata = new TreeMap<>();
        int total = 0;
        for (Map.Entry<String, List<String>> header : exchange.headers().entrySet()) {
            if (header.getKey().startsWith(METADATA)) {
                String key = header.getKey().substring(METADATA.length());
                String value = header.getValue().get(0);
                if (key.isEmpty() || key.length() > 246 || !value.matches("[ -~]*")) {
                    throw ApiErrors.badRequest("invalid metadata: " + key);
                }
                total += "user.e2b.".length() + key.length() + value.length();
                metadata.put(key, value);
            }
        }
        if (total > 4096) {
            throw ApiErrors.badRequest("metadata is larger than 4096 bytes");
        }
        return metadata;
    }

    private void compose(Exchange exchange) throws IOException, InterruptedException {
        SimulatedSandbox sandbox = gate.admitted(exchange);
        Fields fields = Fields.of(exchange.bytes(), ApiErrors::badRequest, "source_paths", "destination", "username");
        List<String> sources = fields.texts("source_paths").orElse(List.of());
        String user = fields.text("username").filter(name -> !name.isEmpty()).orElse("user");
        String destination = Paths.resolve(fields.needText("destination"), user);
        List<String> arguments = new ArrayList<>(List.of(Paths.real(destination)));
        for (String source : sources) {
            String path = Paths.resolve(source, user);
            ordinary(sandbox, path);
            arguments.add(Paths.real(path));
        }
        int code = sandbox.machine()
                .script(
                        "to=$1; shift; cat -- \"$@\" >\"$to\" && rm -- \"$@\"",
                        Gate.machineUser(user),
                        arguments.toArray(new String[0]))
                .exitCode();
        if (code != 0) {
            throw ApiErrors.refusal(500, "error composing files");
        }
        exchange.answer(
                200,
                Json.object()
                        .put("path", destination)
                        .put("name", Paths.name(destination))
                        .put("type", "file"));
    }

    /** Closing a compressor must not end the answer before all of it was written. */
    private static final class Unclosed extends FilterOutputStream {
        Unclosed(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] buffer, int offset, int length) throws IOException {
            out.write(buffer, offset, length);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }
}
