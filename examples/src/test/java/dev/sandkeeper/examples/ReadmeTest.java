package dev.sandkeeper.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Java in the README is text that was compiled: each block has a name, and equals the part of a source with that name. */
class ReadmeTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final List<Path> SOURCES = List.of(
            Path.of("src/main/java/dev/sandkeeper/examples/ReadmeSnippets.java"),
            Path.of("src/test/java/dev/sandkeeper/examples/ReadmeContractTest.java"));
    private static final Pattern BLOCK =
            Pattern.compile("(?:<!-- snippet: (\\w+) -->\n)?```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern SNIPPET =
            Pattern.compile("^ *// snippet: (\\w+)\n(.*?)^ *// end\n", Pattern.DOTALL | Pattern.MULTILINE);

    @Test
    void showsExactlyTheJavaThatIsCompiled() throws IOException {
        Map<String, String> compiled = new TreeMap<>();
        for (Path source : SOURCES) {
            Matcher matcher = SNIPPET.matcher(Files.readString(source));
            while (matcher.find()) {
                compiled.put(matcher.group(1), matcher.group(2).stripTrailing().stripIndent() + "\n");
            }
        }
        Map<String, String> shown = new TreeMap<>();
        Matcher matcher = BLOCK.matcher(readme());
        while (matcher.find()) {
            shown.put(String.valueOf(matcher.group(1)), matcher.group(2));
        }
        assertThat(shown).isNotEmpty().isEqualTo(compiled);
    }

    @Test
    void itsFirstExampleHasAtMost15Lines() throws IOException {
        Matcher matcher = BLOCK.matcher(readme());
        assertThat(matcher.find()).isTrue();
        assertThat(matcher.group(2).lines()).hasSizeLessThanOrEqualTo(15);
    }

    @Test
    void namesOnlyFilesThatExist() throws IOException {
        Matcher links = Pattern.compile("]\\((?!https?:|#)([^)#]+)").matcher(readme());
        while (links.find()) {
            assertThat(ROOT.resolve(links.group(1))).exists();
        }
        assertThat(ROOT.resolve("scripts/quickstart")).isExecutable();
        assertThat(ROOT.resolve("scripts/test")).isExecutable();
    }

    private static String readme() throws IOException {
        return Files.readString(ROOT.resolve("README.md"));
    }
}
