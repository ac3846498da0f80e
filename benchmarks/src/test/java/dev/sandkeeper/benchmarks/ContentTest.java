package dev.sandkeeper.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContentTest {
    @TempDir
    private Path directory = Path.of("");

    @Test
    void seesOneWrongOrMissingByte() throws IOException {
        byte[] bytes = Content.random(200_000, 1);
        Content.Sum wanted = sum(bytes);
        assertThatCode(() -> sum(bytes).expect(wanted)).doesNotThrowAnyException();
        bytes[150_000]++;
        assertThatThrownBy(() -> sum(bytes).expect(wanted)).hasMessageContaining("200000 bytes");
        assertThatThrownBy(() -> sum(new byte[0]).expect(wanted)).hasMessageContaining("got 0 with sum 0");
    }

    @Test
    void makesTheOutputThatItsCommandPrints() throws IOException {
        Repeated output = new Repeated(directory, 3_000_001);
        assertThat(Files.size(output.file())).isEqualTo(3_000_001);
        assertThat(output.bytes()).isEqualTo(3_000_001);
        assertThatCode(() -> output.sum().expect(sum(Files.readAllBytes(output.file()))))
                .doesNotThrowAnyException();
        assertThat(output.arguments("x")).endsWith("x", "1");
    }

    private static Content.Sum sum(byte[] bytes) throws IOException {
        Content.Sum sum = new Content.Sum();
        sum.drain(new ByteArrayInputStream(bytes));
        return sum;
    }
}
