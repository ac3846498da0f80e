package dev.sandkeeper.testkit.simulator.daytona;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DaytonaMultipartTest {
    private static final String TYPE = "multipart/form-data; boundary=\"--b\"";

    private static String field(String name, String content) {
        return "----b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content + "\r\n";
    }

    private static DaytonaMultipart of(byte[] body) {
        return new DaytonaMultipart(TYPE, trickling(body));
    }

    /** Gives a few bytes at a time, as a network may. */
    private static InputStream trickling(byte[] body) {
        Random random = new Random(1);
        return new ByteArrayInputStream(body) {
            @Override
            public synchronized int read(byte[] buffer, int offset, int length) {
                return super.read(buffer, offset, Math.min(length, 1 + random.nextInt(7)));
            }
        };
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static DaytonaMultipart.Part needed(DaytonaMultipart.@Nullable Part part) {
        assertThat(part).isNotNull();
        return java.util.Objects.requireNonNull(part);
    }

    @Test
    void readsPartsOfAnyBytes() throws IOException {
        String hostile = "\r\n----a\r\r\n---\r\n----\u0000\u00ff";
        DaytonaMultipart form = of(latin(field("first", hostile) + field("second", "") + "----b--\r\n"));
        DaytonaMultipart.Part first = needed(form.next());
        assertThat(first.name()).isEqualTo("first");
        assertThat(first.content().readAllBytes()).isEqualTo(latin(hostile));
        DaytonaMultipart.Part second = needed(form.next());
        assertThat(second.name()).isEqualTo("second");
        assertThat(second.content().readAllBytes()).isEmpty();
        assertThat(form.next()).isNull();
    }

    @Test
    void skipsWhatNobodyReads() throws IOException {
        DaytonaMultipart form = of(latin(field("first", "x".repeat(100_000)) + field("second", "2") + "----b--\r\n"));
        assertThat(needed(form.next()).name()).isEqualTo("first");
        assertThat(needed(form.next()).content().readAllBytes()).isEqualTo(latin("2"));
    }

    @Test
    void knowsTheNameOfAFile() throws IOException {
        String body = String.join(
                "\r\n",
                "----b",
                "Content-Disposition: form-data; filename=\"a b.txt\"; name=\"file\"",
                "Content-Type: text/plain",
                "",
                "",
                "----b--",
                "");
        DaytonaMultipart.Part part = needed(of(latin(body)).next());
        assertThat(part.name()).isEqualTo("file");
        assertThat(part.fileName()).isEqualTo("a b.txt");
    }

    @Test
    void failsOnABodyThatBreaksOff() throws IOException {
        DaytonaMultipart form = of(latin("----b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhalf"));
        InputStream content = needed(form.next()).content();
        assertThatThrownBy(content::readAllBytes).isInstanceOf(EOFException.class);
    }

    @Test
    void refusesAnotherType() {
        InputStream nothing = InputStream.nullInputStream();
        assertThatThrownBy(() -> new DaytonaMultipart("text/plain", nothing))
                .isInstanceOf(DaytonaRefusal.class)
                .hasMessageContaining("multipart/form-data");
    }
}
