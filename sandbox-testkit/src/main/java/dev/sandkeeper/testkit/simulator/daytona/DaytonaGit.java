package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Exchange;
import dev.sandkeeper.testkit.simulator.internal.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The toolbox's routes for repositories, by the sandbox's own git; those that the provider's README shows and what goes with them. */
final class DaytonaGit {
    private static final String GIT = "exec env GIT_TERMINAL_PROMPT=0 git -c safe.directory='*' \"$@\"";

    private final DaytonaToolbox toolbox;

    DaytonaGit(DaytonaToolbox toolbox) {
        this.toolbox = toolbox;
    }

    void addRoutes() {
        toolbox.add("POST", "/git/clone", DaytonaGit::cloneRepository);
        toolbox.add("POST", "/git/init", DaytonaGit::init);
        toolbox.add("GET", "/git/status", DaytonaGit::status);
        toolbox.add("GET", "/git/branches", DaytonaGit::branches);
        toolbox.add("POST", "/git/branches", DaytonaGit::createBranch);
        toolbox.add("DELETE", "/git/branches", DaytonaGit::deleteBranch);
        toolbox.add("POST", "/git/checkout", DaytonaGit::checkout);
        toolbox.add("POST", "/git/add", DaytonaGit::add);
        toolbox.add("POST", "/git/commit", DaytonaGit::commit);
        toolbox.add("GET", "/git/history", DaytonaGit::history);
    }

    /** Runs git in a repository, or anywhere if there is none yet. */
    private static String git(DaytonaGuest guest, String repository, String... arguments) throws InterruptedException {
        List<String> all = new ArrayList<>();
        if (!repository.isEmpty()) {
            all.addAll(List.of("-C", guest.absolute(repository)));
        }
        all.addAll(List.of(arguments));
        DaytonaRun run = guest.script(GIT, all.toArray(new String[0]));
        if (run.exitCode() != 0) {
            throw refusal(run.errors().strip() + run.text().strip());
        }
        return run.text();
    }

    /** For what the description knows no 404 of. */
    private static String change(DaytonaGuest guest, String repository, List<String> arguments)
            throws InterruptedException {
        try {
            return git(guest, repository, arguments.toArray(new String[0]));
        } catch (DaytonaRefusal e) {
            throw e.status() == 404 ? DaytonaRefusal.bad("bad request: " + e.message()) : e;
        }
    }

    private static DaytonaRefusal refusal(String said) {
        String words = said.toLowerCase(Locale.ROOT);
        if (words.contains("not a git repository")
                || words.contains("does not exist")
                || words.contains("no such file")) {
            return DaytonaRefusal.coded(404, "GIT_REPO_NOT_FOUND", "not found: " + said);
        }
        if (words.contains("did not match any file") || words.contains("not found")) {
            return DaytonaRefusal.coded(404, "GIT_BRANCH_NOT_FOUND", "not found: " + said);
        }
        if (words.contains("already exists")) {
            return DaytonaRefusal.coded(409, "GIT_BRANCH_EXISTS", "conflict: " + said);
        }
        if (words.contains("would be overwritten")) {
            return DaytonaRefusal.coded(409, "GIT_DIRTY_WORKTREE", "conflict: " + said);
        }
        return DaytonaRefusal.bad("bad request: " + said);
    }

    private static void cloneRepository(DaytonaGuest guest, Exchange exchange)
            throws IOException, InterruptedException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        List<String> arguments = new ArrayList<>(List.of("clone", "--quiet"));
        String branch = fields.text("branch", "");
        if (!branch.isEmpty()) {
            arguments.addAll(List.of("--branch", branch));
        }
        long depth = fields.number("depth", 0, 0);
        if (depth > 0) {
            arguments.addAll(List.of("--depth", Long.toString(depth)));
        }
        String path = fields.needed("path");
        arguments.addAll(List.of("--", fields.needed("url"), guest.absolute(path)));
        git(guest, "", arguments.toArray(new String[0]));
        String commit = fields.text("commit_id", "");
        if (!commit.isEmpty()) {
            git(guest, path, "checkout", "--quiet", "--detach", commit);
        }
        exchange.answer(200);
    }

    private static void init(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        List<String> arguments = new ArrayList<>(List.of("init", "--quiet"));
        if (fields.flag("bare")) {
            arguments.add("--bare");
        }
        arguments.add("--initial-branch=" + fields.text("initial_branch", "main"));
        arguments.addAll(List.of("--", guest.absolute(fields.needed("path"))));
        git(guest, "", arguments.toArray(new String[0]));
        exchange.answer(201);
    }

    private static void status(DaytonaGuest guest, Exchange exchange) throws InterruptedException {
        ObjectNode answer = Json.object();
        ArrayNode files = Json.array();
        String branch = "";
        int ahead = 0;
        int behind = 0;
        String upstream = "";
        for (String line : git(guest, path(exchange), "status", "--porcelain=v2", "--branch")
                .lines()
                .toList()) {
            String[] words = line.split(" ", -1);
            if (line.startsWith("# branch.head ")) {
                branch = words[2];
            } else if (line.startsWith("# branch.upstream ")) {
                upstream = words[2];
            } else if (line.startsWith("# branch.ab ")) {
                ahead = Integer.parseInt(words[2].substring(1));
                behind = Integer.parseInt(words[3].substring(1));
            } else if (line.startsWith("? ")) {
                file(files, line.substring(2), '?', '?');
            } else if (line.startsWith("1 ")) {
                file(files, line.split(" ", 9)[8], line.charAt(2), line.charAt(3));
            }
        }
        answer.put("currentBranch", branch);
        answer.set("fileStatus", files);
        answer.put("ahead", ahead).put("behind", behind).put("branchPublished", !upstream.isEmpty());
        answer.put("detached", branch.equals("(detached)")).put("upstream", upstream);
        exchange.answer(200, answer);
    }

    private static void file(ArrayNode files, String name, char staged, char changed) {
        files.addObject()
                .put("name", name)
                .put("staging", word(staged))
                .put("worktree", word(changed))
                .put("extra", "");
    }

    private static String word(char letter) {
        return switch (letter) {
            case '?' -> "Untracked";
            case 'M' -> "Modified";
            case 'A' -> "Added";
            case 'D' -> "Deleted";
            case 'R' -> "Renamed";
            case 'C' -> "Copied";
            case 'U' -> "Updated but unmerged";
            default -> "Unmodified";
        };
    }

    private static String path(Exchange exchange) {
        return exchange.query("path")
                .filter(value -> !value.isEmpty())
                .orElseThrow(() -> DaytonaRefusal.bad("bad request: path is required"));
    }

    private static void branches(DaytonaGuest guest, Exchange exchange) throws InterruptedException {
        ObjectNode answer = Json.object();
        List<String> names = git(guest, path(exchange), "for-each-ref", "--format=%(refname:short)", "refs/heads")
                .lines()
                .toList();
        answer.set("branches", DaytonaJson.list(names));
        answer.put(
                "current",
                git(guest, path(exchange), "branch", "--show-current").strip());
        exchange.answer(200, answer);
    }

    private static void createBranch(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        git(guest, fields.needed("path"), "checkout", "--quiet", "-b", fields.needed("name"));
        exchange.answer(201);
    }

    private static void deleteBranch(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        git(guest, fields.needed("path"), "branch", "--quiet", "-D", "--", fields.needed("name"));
        exchange.answer(204);
    }

    private static void checkout(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        git(guest, fields.needed("path"), "checkout", "--quiet", fields.needed("branch"), "--");
        exchange.answer(200);
    }

    private static void add(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        List<String> arguments = new ArrayList<>(List.of("add", "--"));
        arguments.addAll(fields.list("files"));
        change(guest, fields.needed("path"), arguments);
        exchange.answer(200);
    }

    private static void commit(DaytonaGuest guest, Exchange exchange) throws IOException, InterruptedException {
        DaytonaFields fields = DaytonaToolbox.body(exchange);
        List<String> arguments = new ArrayList<>(List.of(
                "-c", "user.name=" + fields.needed("author"), "-c", "user.email=" + fields.needed("email"), "commit"));
        arguments.addAll(List.of("--quiet", "--message", fields.needed("message")));
        if (fields.flag("allow_empty")) {
            arguments.add("--allow-empty");
        }
        String path = fields.needed("path");
        change(guest, path, arguments);
        exchange.answer(
                200,
                Json.object().put("hash", git(guest, path, "rev-parse", "HEAD").strip()));
    }

    private static void history(DaytonaGuest guest, Exchange exchange) throws InterruptedException {
        ArrayNode all = Json.array();
        String log = git(guest, path(exchange), "log", "--format=%H%x01%an%x01%ae%x01%aI%x01%s");
        for (String line : log.lines().toList()) {
            String[] parts = line.split("\u0001", 5);
            all.addObject()
                    .put("hash", parts[0])
                    .put("author", parts[1])
                    .put("email", parts[2])
                    .put("timestamp", parts[3])
                    .put("message", parts[4]);
        }
        exchange.answer(200, all);
    }
}
