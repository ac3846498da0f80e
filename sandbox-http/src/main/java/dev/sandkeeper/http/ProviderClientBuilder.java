package dev.sandkeeper.http;

import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import okhttp3.CookieJar;
import org.jspecify.annotations.Nullable;

/** Settings of a {@link ProviderClient}. Not thread-safe. */
public final class ProviderClientBuilder {
    final String backend;
    final ErrorMapper errors;
    final Secrets secrets = new Secrets();
    final Map<String, String> headers = new LinkedHashMap<>();

    @Nullable
    String requestIdHeader;

    CookieJar cookies = CookieJar.NO_COOKIES;
    Clock clock = Clock.systemUTC();
    Duration connectTimeout = Duration.ofSeconds(10);
    Duration headTimeout = Duration.ofSeconds(60);
    Duration callTimeout = Duration.ofSeconds(60);
    Duration silence = Duration.ofSeconds(60);
    Duration longestRetryAfter = Duration.ofSeconds(30);
    Duration breakerPause = Duration.ofSeconds(5);
    int calls = 32;
    int streams = 512;
    int attempts = 3;
    boolean repeatsLimited;

    ProviderClientBuilder(String backend, ErrorMapper errors) {
        this.backend = backend;
        this.errors = errors;
        headers.put("User-Agent", "sandkeeper");
        headers.put("Accept-Encoding", "identity"); // a stream that is compressed comes in lumps
    }

    /**
     * Sends a header with every call.
     *
     * @param name its name
     * @param value its value
     * @return this
     */
    public ProviderClientBuilder header(String name, String value) {
        headers.put(name, headerValue(name, value));
        return this;
    }

    /**
     * Sends a secret with every call, and masks it wherever something is said.
     *
     * @param name the header's name
     * @param prefix what stands before the secret, such as {@code Bearer }
     * @param secret the key
     * @return this
     * @throws IllegalArgumentException if no header can hold it; the key is not part of the message
     */
    public ProviderClientBuilder secretHeader(String name, String prefix, String secret) {
        secrets.add(secret);
        headers.put(name, headerValue(name, prefix + secret));
        return this;
    }

    /**
     * Names the header in which the provider tells its own name for a request. It goes into exceptions and the log.
     *
     * @param name such as {@code X-Request-Id}; default none
     * @return this
     */
    public ProviderClientBuilder requestIdHeader(String name) {
        this.requestIdHeader = name;
        return this;
    }

    /**
     * Keeps cookies of the provider in memory, for as long as the client lives.
     *
     * @return this
     */
    public ProviderClientBuilder keepCookies() {
        this.cookies = new Cookies();
        return this;
    }

    /**
     * Sets the clock by which a date in {@code Retry-After} is understood if the provider does not tell the time.
     *
     * @param clock the clock; default the system's
     * @return this
     */
    public ProviderClientBuilder clock(Clock clock) {
        this.clock = clock;
        return this;
    }

    /**
     * Bounds connecting to one address.
     *
     * @param time more than 0; default 10 seconds
     * @return this
     */
    public ProviderClientBuilder connectTimeout(Duration time) {
        this.connectTimeout = positive("connectTimeout", time);
        return this;
    }

    /**
     * Bounds the wait for the head of an answer.
     *
     * @param time more than 0; default 60 seconds
     * @return this
     */
    public ProviderClientBuilder headTimeout(Duration time) {
        this.headTimeout = positive("headTimeout", time);
        return this;
    }

    /**
     * Bounds {@link ProviderCall#send()} as a whole.
     *
     * @param time more than 0; default 60 seconds
     * @return this
     */
    public ProviderClientBuilder callTimeout(Duration time) {
        this.callTimeout = positive("callTimeout", time);
        return this;
    }

    /**
     * Bounds how long nothing may come of an answer, or be taken of a request.
     *
     * @param time more than 0; default 60 seconds
     * @return this
     */
    public ProviderClientBuilder silence(Duration time) {
        this.silence = positive("silence", time);
        return this;
    }

    /**
     * Bounds the wait that a provider may ask for; if it asks for more, the call fails at once.
     *
     * @param time more than 0; default 30 seconds
     * @return this
     */
    public ProviderClientBuilder longestRetryAfter(Duration time) {
        this.longestRetryAfter = positive("longestRetryAfter", time);
        return this;
    }

    /**
     * Sets how long a provider is left alone that failed 80 of 100 calls.
     *
     * @param time more than 0; default 5 seconds
     * @return this
     */
    public ProviderClientBuilder breakerPause(Duration time) {
        this.breakerPause = positive("breakerPause", time);
        return this;
    }

    /**
     * Bounds the calls at a time, and so their connections.
     *
     * @param most more than 0; default 32
     * @return this
     */
    public ProviderClientBuilder calls(int most) {
        this.calls = positive("calls", most);
        return this;
    }

    /**
     * Bounds the streams at a time, and so their connections.
     *
     * @param most more than 0; default 512
     * @return this
     */
    public ProviderClientBuilder streams(int most) {
        this.streams = positive("streams", most);
        return this;
    }

    /**
     * Sets how often a call is made that may be repeated.
     *
     * @param most the first included; default 3
     * @return this
     */
    public ProviderClientBuilder attempts(int most) {
        this.attempts = positive("attempts", most);
        return this;
    }

    /**
     * Repeats after a 429 that names no time, too: of a provider that says so for its rate, not for a plan's limit.
     *
     * @return this
     */
    public ProviderClientBuilder repeatsLimited() {
        this.repeatsLimited = true;
        return this;
    }

    /**
     * Makes the client. Nothing is connected before the first call.
     *
     * @return the client
     */
    public ProviderClient build() {
        return new ProviderClient(this);
    }

    static Duration positive(String name, Duration time) {
        if (time.isZero() || time.isNegative()) {
            throw new IllegalArgumentException(name + " must be > 0: " + time);
        }
        return time;
    }

    private static int positive(String name, int number) {
        if (number <= 0) {
            throw new IllegalArgumentException(name + " must be > 0: " + number);
        }
        return number;
    }

    /** OkHttp would name the value of all but a few headers. */
    static String headerValue(String name, String value) {
        if (!value.chars().allMatch(c -> c >= ' ' && c < 0x7f)) {
            throw new IllegalArgumentException("the header " + name + " can hold printable ASCII only");
        }
        return value;
    }

    /** The names of headers, not their values. */
    @Override
    public String toString() {
        return "ProviderClientBuilder[" + backend + ", " + headers.keySet() + "]";
    }
}
