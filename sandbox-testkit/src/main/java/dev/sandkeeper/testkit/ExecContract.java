package dev.sandkeeper.testkit;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.Command;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.spi.BackendSandbox;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What a command is given, and how it ends by itself. */
abstract class ExecContract extends LifetimeContract {
    private static final List<String> ODD = List.of(
            "",
            " ",
            "two words",
            " lead and trail ",
            "new\nline",
            "\n",
            "tab\there",
            "'single'",
            "\"double\"",
            "back\\slash",
            "$HOME",
            "${HOME}",
            "$(echo no)",
            "`echo no`",
            "*",
            "?",
            "[a-z]*",
            "~",
            "a;b",
            "a&&b",
            "a|b",
            "a>b",
            "#",
            "!",
            "-n",
            "--",
            "%s%n",
            "=",
            "a=b",
            "\u00fcml\u00e4ut",
            "\u65e5\u672c\u8a9e",
            "\ud83d\ude80",
            "\u0001\u007f",
            "\r\n");

    /** For subclasses. */
    ExecContract() {}

    @Test
    void passesArgumentsExactly() {
        List<String> arguments = new ArrayList<>(List.of("printf", "%s\\0"));
        arguments.addAll(ODD);
        Running running = run(command(arguments.toArray(String[]::new)));
        assertThat(running.text().split("\0", -1)).containsExactly(plusEnd(ODD));
        arguments = new ArrayList<>(List.of("sh", "-c", "printf '%s\\0' \"$@\"", "sh"));
        arguments.addAll(ODD);
        assertThat(run(command(arguments.toArray(String[]::new))).text().split("\0", -1))
                .containsExactly(plusEnd(ODD));
    }

    private static String[] plusEnd(List<String> values) {
        String[] expected = Arrays.copyOf(values.toArray(String[]::new), values.size() + 1);
        expected[values.size()] = "";
        return expected;
    }

    @Test
    void passesTheLongestArgumentThatLinuxPasses() {
        String longest = "x".repeat(Command.LONGEST_ARGUMENT);
        assertThat(run(command("printf", "%s", longest)).text().equals(longest)).isTrue();
    }

    @Test
    void keepsStdoutAndStderrApart() {
        Running running = shell("echo out; echo err >&2; echo more; echo worse >&2");
        assertThat(running.text()).isEqualTo("out\nmore\n");
        assertThat(running.errors()).isEqualTo("err\nworse\n");
        assertThat(run(command("true")).text()).isEmpty();
        assertThat(shell("printf no-newline").text()).isEqualTo("no-newline");
    }

    @Test
    void passesEveryByteThroughAllThreeStreams() {
        byte[] all = new byte[256 * 64];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) (i * 31 / 8);
        }
        assertThat(start(withStdin(command("cat")))
                        .feed(all)
                        .closeStdin()
                        .awaitEnd()
                        .bytes())
                .isEqualTo(all);
        files().write("/workspace/bytes", new ByteArrayInputStream(all), -1);
        Output output = new Output();
        start(sandbox(), script("cat bytes >&2"), output).awaitEnd();
        assertThat(output.errorBytes()).isEqualTo(all);
        assertThat(output.bytes()).isEmpty();
    }

    @Test
    void tellsExitCodes() {
        for (int code : new int[] {0, 1, 2, 77, 125, 128, 200, 255}) {
            Running running = shell("exit " + code);
            assertThat(running.exitCode()).isEqualTo(code);
            assertThat(running.status().timedOut()).isFalse();
        }
        assertThat(run(command("true")).exitCode()).isZero();
        assertThat(run(command("false")).exitCode()).isEqualTo(1);
    }

    @Test
    void tellsSignals() {
        assertThat(shell("kill -TERM $$; sleep 5").exitCode()).isEqualTo(128 + 15);
        assertThat(shell("kill -KILL $$; sleep 5").exitCode()).isEqualTo(128 + 9);
        // which a shell has whatever it starts by & ignore
        assertThat(shell("kill -INT $$; sleep 5").exitCode()).isEqualTo(128 + 2);
    }

    @Test
    void tellsACommandThatCannotStartFromOneThatExitsWithTheSameCode() {
        assertNotStartable("command_not_found", "sandkeeper-no-such-program");
        assertNotStartable("command_not_found", "/sandkeeper/no/such/program");
        files().write(
                        "/workspace/plain",
                        new ByteArrayInputStream("#!/bin/sh\n".getBytes(StandardCharsets.UTF_8)),
                        0644);
        assertNotStartable("command_not_executable", "/workspace/plain");
        assertNotStartable("command_not_executable", "/workspace");
        assertThat(shell("exit 127").exitCode()).isEqualTo(127);
        assertThat(shell("exit 126").exitCode()).isEqualTo(126);
        assertThat(shell("sandkeeper-no-such-program").exitCode()).isEqualTo(127);
    }

    private void assertNotStartable(String code, String program) {
        assertThatThrownBy(() -> run(command(program, "argument")))
                .as("what %s is answered with", program)
                .isInstanceOfSatisfying(
                        CommandNotStartableException.class,
                        e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void runsAScriptThatWasWrittenAndMadeExecutable() {
        byte[] text = "#!/bin/sh\necho \"ran with $1\"\n".getBytes(StandardCharsets.UTF_8);
        files().write("/workspace/run me", new ByteArrayInputStream(text), 0755);
        assertThat(run(command("/workspace/run me", "a b")).text()).isEqualTo("ran with a b\n");
        assertThat(run(command("./run me", "c")).text()).isEqualTo("ran with c\n");
    }

    @Test
    void givesTheEnvironmentOfSandboxAndCommandExactly() {
        Map<String, String> odd = new LinkedHashMap<>();
        for (int i = 0; i < ODD.size(); i++) {
            odd.put("ODD_" + i, ODD.get(i));
        }
        Map<String, String> ofSandbox = new LinkedHashMap<>(odd);
        ofSandbox.put("KEPT", "from the sandbox");
        ofSandbox.put("REPLACED", "from the sandbox");
        BackendSandbox sandbox = first().create(request(spec(), ofSandbox));
        String print = "printf '%s\\0' \"$KEPT\" \"$REPLACED\" \"$ADDED\"";
        Map<String, String> ofCommand = Map.of("REPLACED", "by\nthe 'command'", "ADDED", "$x \u65e5");
        assertThat(start(sandbox, withEnvironment(script(print), ofCommand), new Output())
                        .awaitEnd()
                        .text())
                .isEqualTo("from the sandbox\0by\nthe 'command'\0$x \u65e5\0");
        assertThat(start(sandbox, script(print), new Output()).awaitEnd().text())
                .as("the next command's environment")
                .isEqualTo("from the sandbox\0from the sandbox\0\0");
        String all = odd.keySet().stream().map(name -> " \"$" + name + '"').collect(joining("", "printf '%s\\0'", ""));
        assertThat(start(sandbox, script(all), new Output()).awaitEnd().text().split("\0", -1))
                .containsExactly(plusEnd(ODD));
        assertThat(start(sandbox, withEnvironment(script(all), odd), new Output())
                        .awaitEnd()
                        .text()
                        .split("\0", -1))
                .containsExactly(plusEnd(ODD));
    }

    @Test
    void givesNothingOfTheHostsEnvironment() {
        Set<String> common = Set.of(
                "PATH",
                "HOME",
                "PWD",
                "OLDPWD",
                "SHLVL",
                "_",
                "HOSTNAME",
                "TERM",
                "LANG",
                "LC_ALL",
                "USER",
                "LOGNAME",
                "SHELL",
                "TMPDIR",
                "container");
        Set<String> ofTheHost = new TreeSet<>(System.getenv().keySet());
        ofTheHost.removeAll(common);
        List<String> names = shell("env")
                .text()
                .lines()
                .map(line -> line.replaceFirst("=.*", ""))
                .toList();
        assertThat(names).contains("PATH", "HOME").doesNotContainAnyElementsOf(List.of("JAVA_HOME", "MAVEN_OPTS"));
        assertThat(names).filteredOn(ofTheHost::contains).isEmpty();
        assertThat(shell("printf %s \"$HOME\"").text()).isEqualTo("/workspace");
    }

    @Test
    void keepsTheEnvironmentOutOfEveryArgumentVector() {
        BackendSandbox sandbox = first().create(request(spec(), Map.of("OF_SANDBOX", "hidden-in-the-sandbox")));
        start(
                        sandbox,
                        withEnvironment(
                                script("echo ready; while :; do sleep 0.1; done"),
                                Map.of("OF_COMMAND", "hidden-in-the-command")),
                        new Output())
                .awaitText("ready");
        String lines = start(sandbox, script("cat /proc/[0-9]*/cmdline; echo end"), new Output())
                .awaitEnd()
                .text();
        assertThat(lines).endsWith("end\n").contains("cmdline").doesNotContain("hidden-in-the");
    }

    @Test
    void startsInTheWorkspaceOrWhereItIsTold() {
        assertThat(run(command("pwd")).text()).isEqualTo("/workspace\n");
        assertThat(run(in("/tmp", command("pwd"))).text()).isEqualTo("/tmp\n");
        files().makeDirectory("/workspace/odd 'name'\n$x");
        assertThat(run(in("/workspace/odd 'name'\n$x", command("pwd"))).text())
                .isEqualTo("/workspace/odd 'name'\n$x\n");
        assertThat(shell("echo kept > f; cat /workspace/f").text()).isEqualTo("kept\n");
    }

    @Test
    void refusesAWorkingDirectoryThatIsNotThere() {
        assertThatThrownBy(() -> run(in("/workspace/missing", command("echo", "ran"))))
                .isInstanceOf(CommandNotStartableException.class);
    }

    @Test
    void runsManyCommandsAtTheSameTime() {
        sandbox();
        List<Runnable> tasks = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            String number = String.valueOf(i);
            tasks.add(() -> {
                for (int round = 0; round < 3; round++) {
                    Running running = start(
                                    withStdin(script("number=" + number + "; cat; echo $number; exit " + number)))
                            .feed(("in" + number + "\n").getBytes(StandardCharsets.UTF_8))
                            .closeStdin()
                            .awaitEnd();
                    assertThat(running.text()).isEqualTo("in" + number + "\n" + number + "\n");
                    assertThat(running.exitCode()).isEqualTo(Integer.parseInt(number));
                }
            });
        }
        atOnce(tasks);
    }
}
