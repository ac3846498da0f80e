package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxListener;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Posts what somebody should look at to a URL, as signed JSON:
 * {@code SandboxManager.builder().listener(WebhookListener.builder(url, secret).build())}. By default that is
 * {@link SandboxEvent.CleanupFailed}, which says whether the sandbox is stuck, {@link SandboxEvent.Orphan} and
 * {@link SandboxEvent.SweepStopped}. A {@link SandboxEvent.Ghost} is not among them: nothing leaks by it, and whoever uses the
 * sandbox hears of it.
 *
 * <p>The body is one JSON object. It has {@code id} (a UUID, the same whenever the same alert is sent again, so that the
 * receiver can pass over what it has had), {@code type} ({@code cleanup_failed}, {@code orphan}, {@code sweep_stopped}, ...),
 * {@code occurred_at} (ISO 8601, by this JVM's clock), and what is known of {@code sandbox_id}, {@code backend},
 * {@code provider_ref}, {@code error}, {@code reason} and the event's own numbers; nothing of owners, labels or contents.
 *
 * <p><b>Verifying.</b> The header {@code Sandkeeper-Timestamp} has the seconds since 1970 at which it was sent, and
 * {@code Sandkeeper-Signature} is {@code v1=} and the lower-case hexadecimal HMAC-SHA256, by the secret's UTF-8 bytes, of the
 * timestamp, a full stop and the body's bytes as they came. A receiver computes the same, compares in constant time, refuses a
 * timestamp that is some minutes old, and only then reads the body.
 *
 * <p>Each alert is sent until an answer 2xx comes. No answer, 429 and 5xx are tried again after a growing time, by default 8
 * times in all within about 2 minutes; any other answer, a redirect too, is final. Alerts are sent one after the other, in
 * their order; what does not fit into the queue meanwhile is dropped, counted and logged. The caller is never kept waiting.
 * Neither the secret nor the URL's path is in a log line.
 *
 * <p>Safe from many threads. It has one thread of its own, from building to closing, and those of a
 * {@link java.net.http.HttpClient}: one from building on, which ends some time after closing, and a few while answers come. All
 * are daemons. The manager does not close it: do so after the manager, and what is queued is sent first.
 */
public final class WebhookListener implements SandboxListener, AutoCloseable {
    private final Predicate<SandboxEvent> filter;
    private final Clock clock;
    private final WebhookSender sender;
    private final String host;

    private WebhookListener(Builder b) {
        filter = b.filter;
        clock = b.clock;
        host = String.valueOf(b.url.getHost());
        sender = new WebhookSender(b);
    }

    /**
     * Starts with what is required.
     *
     * @param url where to post, {@code https} or {@code http}, without user name and fragment
     * @param secret what receivers verify by; at least 16 characters
     * @return a new builder
     */
    public static Builder builder(URI url, String secret) {
        return new Builder(url, secret);
    }

    @Override
    public void onEvent(SandboxEvent event) {
        if (filter.test(event)) {
            sender.offer(AlertJson.of(event, clock.instant()));
        }
    }

    /** {@return how many alerts the receiver has taken} */
    public long delivered() {
        return sender.delivered();
    }

    /** {@return how many alerts were given up, because the receiver refused them or did not take them in time} */
    public long failed() {
        return sender.failed();
    }

    /** {@return how many alerts were not sent, because the queue was full or this was closed} */
    public long dropped() {
        return sender.dropped();
    }

    /**
     * Sends what is queued, each once more at most, then ends the thread. Takes no longer than
     * {@link Builder#closeWithin(Duration)} and a second. Idempotent.
     */
    @Override
    public void close() {
        sender.close();
    }

    /** The host that it posts to. */
    @Override
    public String toString() {
        return "WebhookListener[" + host + "]";
    }

    /** Collects settings. Each setter checks its own argument. Not thread-safe. */
    public static final class Builder {
        private static final int SHORTEST_SECRET = 16;

        final URI url;
        final byte[] secret;
        Duration timeout = Duration.ofSeconds(10);
        Duration firstRetry = Duration.ofSeconds(1);
        Duration longestRetry = Duration.ofMinutes(1);
        int attempts = 8;
        int queue = 1000;
        Duration closeWithin = Duration.ofSeconds(5);
        Clock clock = Clock.systemUTC();
        private Predicate<SandboxEvent> filter = event -> event instanceof SandboxEvent.CleanupFailed
                || event instanceof SandboxEvent.Orphan
                || event instanceof SandboxEvent.SweepStopped;

        private Builder(URI url, String secret) {
            String scheme = String.valueOf(url.getScheme()).toLowerCase(Locale.ROOT);
            if (!Set.of("https", "http").contains(scheme) || url.getHost() == null) {
                throw new IllegalArgumentException("url must be an absolute one of https or http, with a host");
            }
            if (url.getUserInfo() != null || url.getFragment() != null) {
                throw new IllegalArgumentException("url must have neither a user name nor a fragment");
            }
            if (secret.length() < SHORTEST_SECRET) {
                throw new IllegalArgumentException("secret must have at least " + SHORTEST_SECRET + " characters");
            }
            this.url = url;
            this.secret = secret.getBytes(StandardCharsets.UTF_8);
        }

        /**
         * Says which events to post, instead of the default ones.
         *
         * @param wanted is asked on the engine's threads; of events other than the default ones and
         *     {@link SandboxEvent.Ghost}, only type, sandbox and backend are posted
         * @return this builder
         */
        public Builder when(Predicate<SandboxEvent> wanted) {
            filter = Objects.requireNonNull(wanted, "wanted");
            return this;
        }

        /**
         * Says how long one attempt may take, from connecting to the answer's status.
         *
         * @param time from 1 millisecond to 1 minute; default 10 seconds
         * @return this builder
         */
        public Builder timeout(Duration time) {
            timeout = checked("timeout", time, 1);
            return this;
        }

        /**
         * Says when to try again.
         *
         * @param first before the second attempt, from 1 millisecond to 1 minute; doubles each time; default 1 second
         * @param longest the cap, from {@code first} to 1 minute; default 1 minute
         * @param most how many attempts in all, from 1 to 100; default 8
         * @return this builder
         */
        public Builder retry(Duration first, Duration longest, int most) {
            firstRetry = checked("first retry", first, 1);
            longestRetry = checked("longest retry", longest, first.toMillis());
            if (most < 1 || most > 100) {
                throw new IllegalArgumentException("attempts must be from 1 to 100: " + most);
            }
            attempts = most;
            return this;
        }

        /**
         * Says how many alerts may wait to be sent.
         *
         * @param most from 1 to 100,000; default 1,000
         * @return this builder
         */
        public Builder queue(int most) {
            if (most < 1 || most > 100_000) {
                throw new IllegalArgumentException("queue must be from 1 to 100000: " + most);
            }
            queue = most;
            return this;
        }

        /**
         * Says how long {@link WebhookListener#close()} may send what is queued.
         *
         * @param time up to 1 minute; default 5 seconds
         * @return this builder
         */
        public Builder closeWithin(Duration time) {
            closeWithin = checked("closeWithin", time, 0);
            return this;
        }

        /**
         * Sets what timestamps are read from, for tests.
         *
         * @param source default: this machine's clock
         * @return this builder
         */
        public Builder clock(Clock source) {
            clock = Objects.requireNonNull(source, "source");
            return this;
        }

        /**
         * Starts the thread.
         *
         * @return the listener
         */
        public WebhookListener build() {
            return new WebhookListener(this);
        }

        private static Duration checked(String field, Duration time, long leastMillis) {
            if (time.compareTo(Duration.ofMillis(leastMillis)) < 0 || time.compareTo(Duration.ofMinutes(1)) > 0) {
                throw new IllegalArgumentException(
                        field + " must be from " + Duration.ofMillis(leastMillis) + " to 1 minute: " + time);
            }
            return time;
        }
    }
}
