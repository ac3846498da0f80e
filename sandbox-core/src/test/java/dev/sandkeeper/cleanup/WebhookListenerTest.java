package dev.sandkeeper.cleanup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInfo;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class WebhookListenerTest {
    private static final String SECRET = "correct horse battery staple";
    private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");

    private WebhookReceiver receiver;

    @BeforeEach
    void open() throws IOException {
        receiver = new WebhookReceiver();
    }

    @AfterEach
    void close() {
        receiver.close();
    }

    private WebhookListener.Builder webhook() {
        return WebhookListener.builder(receiver.url("/hook/path-token"), SECRET)
                .clock(Clock.fixed(NOW, ZoneOffset.UTC))
                .timeout(Duration.ofSeconds(20))
                .retry(Duration.ofMillis(1), Duration.ofMillis(20), 4);
    }

    private static ConditionFactory soon() {
        return await();
    }

    private static SandboxInfo sandbox() {
        return SandboxInfo.builder(SandboxId.generate(1), "docker", NOW)
                .providerRef("container-1")
                .owner("somebody")
                .labels(Map.of("task", "a-label"))
                .cleanupAttempts(3)
                .endReason("idle")
                .build();
    }

    private static SandboxEvent.CleanupFailed failure() {
        return new SandboxEvent.CleanupFailed(
                sandbox(),
                new BackendUnavailableException(Failure.of("no_answer", "the engine did not answer")),
                true,
                Duration.ofSeconds(3));
    }

    /** RFC 2104 by hand, so that nothing is shared with what is tested. */
    private static String hmac(String secret, byte[] message) throws NoSuchAlgorithmException {
        byte[] key = Arrays.copyOf(secret.getBytes(StandardCharsets.UTF_8), 64);
        byte[] inner = new byte[64];
        byte[] outer = new byte[64];
        for (int i = 0; i < 64; i++) {
            inner[i] = (byte) (key[i] ^ 0x36);
            outer[i] = (byte) (key[i] ^ 0x5c);
        }
        MessageDigest sha = MessageDigest.getInstance("SHA-256");
        sha.update(inner);
        byte[] first = sha.digest(message);
        sha.update(outer);
        return HexFormat.of().formatHex(sha.digest(first));
    }

    @Test
    void postsSignedJsonThatAReceiverCanVerify() throws Exception {
        SandboxEvent.CleanupFailed event = failure();
        try (WebhookListener webhook = webhook().build()) {
            webhook.onEvent(event);
            soon().until(() -> webhook.delivered() == 1);
        }
        WebhookReceiver.Post post = receiver.posts().get(0);
        assertThat(post.method()).isEqualTo("POST");
        assertThat(post.path()).isEqualTo("/hook/path-token");
        assertThat(post.header("Content-Type")).isEqualTo("application/json; charset=utf-8");
        assertThat(post.header("Sandkeeper-Timestamp")).isEqualTo("" + NOW.getEpochSecond());
        byte[] signed = (post.header("Sandkeeper-Timestamp") + "." + post.text()).getBytes(StandardCharsets.UTF_8);
        assertThat(post.header("Sandkeeper-Signature")).isEqualTo("v1=" + hmac(SECRET, signed));

        JsonNode json = new ObjectMapper().readTree(post.text());
        assertThat(json.get("id").asText()).hasSize(36);
        assertThat(json.get("type").asText()).isEqualTo("cleanup_failed");
        assertThat(json.get("occurred_at").asText()).isEqualTo("2030-01-01T00:00:00Z");
        assertThat(json.get("sandbox_id").asText())
                .isEqualTo(event.sandbox().id().toString());
        assertThat(json.get("backend").asText()).isEqualTo("docker");
        assertThat(json.get("provider_ref").asText()).isEqualTo("container-1");
        assertThat(json.get("error").asText()).isEqualTo("no_answer: the engine did not answer");
        assertThat(json.get("reason").asText()).isEqualTo("idle");
        assertThat(json.get("stuck").asBoolean()).isTrue();
        assertThat(json.get("attempts").asInt()).isEqualTo(3);
        assertThat(post.text()).doesNotContain("somebody", "a-label");
    }

    @Test
    void tellsOfFailuresOrphansAndStoppedSweepsUnlessAskedForMore() {
        try (WebhookListener webhook = webhook().build();
                WebhookListener all = webhook().when(event -> true).build()) {
            for (SandboxEvent event : new SandboxEvent[] {
                new SandboxEvent.Created(sandbox(), Duration.ZERO),
                new SandboxEvent.Ghost(sandbox()),
                new SandboxEvent.Counted(Map.of(), 0),
                new SandboxEvent.Orphan(
                        "docker", "x", SandboxId.generate(2), false, new IllegalStateException("secret")),
                new SandboxEvent.SweepStopped("docker", 11, 12, "too many")
            }) {
                webhook.onEvent(event);
            }
            soon().until(() -> webhook.delivered() == 2);
            assertThat(receiver.types()).containsExactly("orphan", "sweep_stopped");
            assertThat(receiver.posts().get(0).text())
                    .contains("\"destroyed\":false", "\"error\":\"IllegalStateException\"")
                    .doesNotContain("secret");
            assertThat(receiver.posts().get(1).text()).contains("\"orphans\":11", "\"listed\":12", "too many");

            all.onEvent(new SandboxEvent.Ghost(sandbox()));
            all.onEvent(new SandboxEvent.CommandEnded(
                    SandboxId.generate(3), "docker", SandboxEvent.CommandEnded.Outcome.FAILED, Duration.ZERO));
            soon().until(() -> all.delivered() == 2);
            assertThat(receiver.types()).endsWith("ghost", "command_ended");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 503, 599, 429})
    void triesAgainWithTheSameAlert(int status) {
        receiver.answer(status, status, 204);
        try (WebhookListener webhook = webhook().build()) {
            webhook.onEvent(failure());
            soon().until(() -> webhook.delivered() == 1);
            assertThat(webhook.failed()).isZero();
        }
        assertThat(receiver.posts()).hasSize(3);
        assertThat(receiver.posts().stream().map(WebhookReceiver.Post::text).distinct())
                .hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 404, 408, 410, 301, 302, 307})
    void takesARefusalAndARedirectAsFinal(int status) {
        receiver.answer(status, 200);
        try (WebhookListener webhook = webhook().build()) {
            webhook.onEvent(failure());
            soon().until(() -> webhook.failed() == 1);
            webhook.onEvent(failure());
            soon().until(() -> webhook.delivered() == 1);
        }
        assertThat(receiver.posts()).hasSize(2);
        assertThat(receiver.posts()).allMatch(post -> post.path().equals("/hook/path-token"));
    }

    @Test
    void givesUpAfterItsAttempts() {
        receiver.answer(500, 500, 500, 500, 200);
        try (WebhookListener webhook = webhook().build()) {
            webhook.onEvent(failure());
            soon().until(() -> webhook.failed() == 1);
            assertThat(receiver.posts()).hasSize(4);
            webhook.onEvent(failure());
            soon().until(() -> webhook.delivered() == 1);
        }
    }

    @Test
    void triesAgainWhereNobodyAnswersInTime() {
        receiver.holdNext();
        try (WebhookListener webhook = webhook().timeout(Duration.ofMillis(200)).build()) {
            webhook.onEvent(failure());
            soon().until(() -> receiver.posts().size() >= 2);
            soon().until(() -> webhook.delivered() + webhook.failed() == 1);
        }
    }

    @Test
    void nobodyThereIsTriedAgainAndGivenUp() {
        URI url = receiver.url("/");
        receiver.close();
        try (WebhookListener webhook = WebhookListener.builder(url, SECRET)
                .retry(Duration.ofMillis(1), Duration.ofMillis(1), 2)
                .build()) {
            webhook.onEvent(failure());
            soon().until(() -> webhook.failed() == 1);
            assertThat(webhook.delivered()).isZero();
        }
    }

    @Test
    void anEndlessBodyIsLeftAlone() {
        receiver.neverEndBodies();
        try (WebhookListener webhook = webhook().build()) {
            webhook.onEvent(failure());
            webhook.onEvent(failure());
            soon().until(() -> webhook.delivered() == 2);
        }
    }

    @Test
    void dropsAndCountsWhatDoesNotFitAndKeepsNobodyWaiting() {
        receiver.holdNext();
        try (WebhookListener webhook = webhook().queue(2).build()) {
            webhook.onEvent(failure());
            soon().until(() -> receiver.posts().size() == 1);
            // The receiver is silent until it is told to go on, so these return only because nobody waits for it.
            for (int i = 0; i < 7; i++) {
                webhook.onEvent(failure());
            }
            assertThat(webhook.dropped()).isEqualTo(5);
            receiver.goOn();
            soon().until(() -> webhook.delivered() == 3);
            assertThat(webhook.dropped()).isEqualTo(5);
        }
    }

    @Test
    void closeSendsWhatIsQueuedAndThenTakesNoMore() {
        WebhookListener webhook = webhook().closeWithin(Duration.ofSeconds(20)).build();
        for (int i = 0; i < 5; i++) {
            webhook.onEvent(failure());
        }
        webhook.close();
        assertThat(webhook.delivered()).isEqualTo(5);
        webhook.onEvent(failure());
        webhook.close();
        assertThat(webhook.dropped()).isEqualTo(1);
        assertThat(receiver.posts()).hasSize(5);
        assertNoThread();
    }

    @Test
    void closeDoesNotWaitForAReceiverThatIsSilent() {
        receiver.holdNext();
        WebhookListener webhook = webhook().closeWithin(Duration.ofMillis(50)).build();
        webhook.onEvent(failure());
        soon().until(() -> receiver.posts().size() == 1);
        webhook.onEvent(failure());
        webhook.onEvent(failure());
        // It would be held for ever.
        webhook.close();
        soon().until(() -> webhook.dropped() == 3);
        assertThat(webhook.delivered()).isZero();
        assertNoThread();
    }

    @Test
    void closeEndsTheWaitForTheNextAttempt() {
        receiver.answer(500, 200);
        WebhookListener webhook = webhook()
                .retry(Duration.ofMinutes(1), Duration.ofMinutes(1), 4)
                .closeWithin(Duration.ofSeconds(20))
                .build();
        webhook.onEvent(failure());
        soon().until(() -> receiver.posts().size() == 1);
        webhook.close();
        assertThat(webhook.delivered()).isEqualTo(1);
    }

    private static void assertNoThread() {
        soon().until(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("sandkeeper-webhook")));
    }

    @Test
    void neitherTheSecretNorThePathIsLogged() {
        Logger logger = (Logger) LoggerFactory.getLogger("dev.sandkeeper.cleanup");
        Level before = logger.getLevel();
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        logger.setLevel(Level.TRACE);
        String shown;
        try {
            receiver.answer(500, 404, 200);
            try (WebhookListener webhook = webhook().build()) {
                webhook.onEvent(failure());
                soon().until(() -> webhook.failed() == 1);
                shown = webhook.toString();
                receiver.close();
                webhook.onEvent(failure());
                soon().until(() -> webhook.failed() == 2);
            }
        } finally {
            logger.setLevel(before);
            logger.detachAppender(log);
        }
        assertThat(log.list.stream().map(ILoggingEvent::getFormattedMessage))
                .hasSizeGreaterThan(3)
                .noneMatch(message -> message.contains(SECRET) || message.contains("path-token"));
        assertThat(shown).contains("127.0.0.1").doesNotContain(SECRET).doesNotContain("path-token");
    }

    @Test
    void refusesWhatCannotBeSafeWithoutRepeatingIt() {
        for (String url : new String[] {
            "ftp://h/x", "/relative", "mailto:a@b", "https://user:hidden@h/x", "https://h/x#hidden", "https:///x"
        }) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> WebhookListener.builder(URI.create(url), SECRET))
                    .withMessageStartingWith("url must")
                    .withMessageNotContaining("hidden");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WebhookListener.builder(URI.create("https://h/"), "too-short"))
                .withMessageStartingWith("secret must")
                .withMessageNotContaining("too-short");
        WebhookListener.Builder builder = webhook();
        assertThatIllegalArgumentException().isThrownBy(() -> builder.timeout(Duration.ZERO));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.queue(0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.retry(Duration.ofSeconds(2), Duration.ofSeconds(1), 3));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.retry(Duration.ofSeconds(1), Duration.ofSeconds(1), 0));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.closeWithin(Duration.ofMinutes(2)));
    }
}
