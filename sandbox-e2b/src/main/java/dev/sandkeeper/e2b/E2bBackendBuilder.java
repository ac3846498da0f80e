package dev.sandkeeper.e2b;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.http.ProviderSettings;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/** Settings of an {@link E2bBackend}. Not thread-safe. */
public final class E2bBackendBuilder {
    static final String KEY_VARIABLE = "E2B_API_KEY";
    private static final String DOMAIN_VARIABLE = "E2B_DOMAIN";
    private static final String API_VARIABLE = "E2B_API_URL";
    private static final String SANDBOX_VARIABLE = "E2B_SANDBOX_URL";

    private static final Pattern DOMAIN = Pattern.compile(
            "[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*(:[0-9]{1,5})?");

    private final String apiKey;
    private @Nullable HttpUrl apiUrl;
    private @Nullable HttpUrl sandboxUrl;

    String name = "e2b";
    String domain = "e2b.app";
    String template = "base";
    Duration longestRun = Duration.ofHours(24);
    Duration callTimeout = Duration.ofSeconds(60);
    int calls = 32;
    int commands = 512;
    Clock clock = Clock.systemUTC();
    /** How long a sandbox is looked for whose create was not answered. */
    Duration lostCreate = Duration.ofSeconds(15);

    E2bBackendBuilder(String apiKey) {
        this.apiKey = ProviderSettings.secret("apiKey", apiKey);
    }

    static E2bBackendBuilder of(Map<String, String> environment) {
        String key = environment.get(KEY_VARIABLE);
        if (key == null || key.isBlank()) {
            throw new BackendRejectedException(Failure.of("credentials_missing", KEY_VARIABLE + " is not set")
                    .backend("e2b")
                    .remedy("Set it to a key from https://e2b.dev/dashboard, or use E2bBackend.builder(key)"));
        }
        E2bBackendBuilder builder = new E2bBackendBuilder(key);
        set(environment.get(DOMAIN_VARIABLE), builder::domain);
        set(environment.get(API_VARIABLE), builder::apiUrl);
        set(environment.get(SANDBOX_VARIABLE), builder::sandboxUrl);
        return builder;
    }

    private static void set(@Nullable String value, Consumer<String> setter) {
        if (value != null && !value.isBlank()) {
            setter.accept(value.strip());
        }
    }

    /**
     * Names the backend, where there are several.
     *
     * @param name 1 to 64 letters, digits, dots, underscores and hyphens; default {@code e2b}
     * @return this
     */
    public E2bBackendBuilder name(String name) {
        this.name = ProviderSettings.name(name);
        return this;
    }

    /**
     * Sets the service's domain, for a deployment of its own.
     *
     * @param domain a host's name, with a port if need be; default {@code e2b.app}
     * @return this
     */
    public E2bBackendBuilder domain(String domain) {
        // what is wrong is not shown: it may be an address with a password
        if (!DOMAIN.matcher(Objects.requireNonNull(domain, "domain")).matches()
                || HttpUrl.parse("https://" + domain) == null) {
            throw new IllegalArgumentException("domain must be a host's name such as e2b.app");
        }
        this.domain = domain;
        return this;
    }

    /**
     * Sets the address of the control plane.
     *
     * @param url http or https, without user and query; a path prefix is kept; default {@code https://api.<domain>}
     * @return this
     */
    public E2bBackendBuilder apiUrl(String url) {
        this.apiUrl = ProviderSettings.url("apiUrl", url);
        return this;
    }

    /**
     * Sets one address for what goes on inside all sandboxes; which one is meant, headers tell.
     *
     * @param url http or https, without user and query; a path prefix is kept; default the service's own hosts under the domain
     * @return this
     */
    public E2bBackendBuilder sandboxUrl(String url) {
        this.sandboxUrl = ProviderSettings.url("sandboxUrl", url);
        return this;
    }

    /**
     * Sets the template of a spec that names none.
     *
     * @param template its ID or alias; default {@code base}
     * @return this
     */
    public E2bBackendBuilder template(String template) {
        if (!SpecRules.isTemplate(Objects.requireNonNull(template, "template"))) {
            throw new IllegalArgumentException("template must be the ID or alias of one: \"" + template + "\"");
        }
        this.template = template;
        return this;
    }

    /**
     * Says how long the plan lets a sandbox run at a time, from its start or its last resume. A spec that asks for more is refused,
     * a renewal is cut to what is left of it, and no end is set farther away.
     *
     * @param time from 10 minutes to 3,650 days; default 24 hours, as on Pro. Hobby has 1 hour
     * @return this
     */
    public E2bBackendBuilder longestRun(Duration time) {
        if (Objects.requireNonNull(time, "longestRun").compareTo(Duration.ofMinutes(10)) < 0
                || time.compareTo(Duration.ofDays(3650)) > 0) {
            throw new IllegalArgumentException("longestRun must be from 10 minutes to 3,650 days: " + time);
        }
        this.longestRun = time;
        return this;
    }

    /**
     * Bounds a call of the control plane with all attempts; creating, pausing and resuming have 90 seconds.
     *
     * @param time from 1 millisecond to 1 day; default 60 seconds
     * @return this
     */
    public E2bBackendBuilder callTimeout(Duration time) {
        this.callTimeout = ProviderSettings.time("callTimeout", Duration.ofMillis(1), time);
        return this;
    }

    /**
     * Bounds the calls at a time, which wait for each other beyond that.
     *
     * @param most more than 0; default 32
     * @return this
     */
    public E2bBackendBuilder maxCalls(int most) {
        this.calls = ProviderSettings.most("maxCalls", most);
        return this;
    }

    /**
     * Bounds the commands that are followed at a time, each by a connection of its own; others wait.
     *
     * @param most more than 0; default 512
     * @return this
     */
    public E2bBackendBuilder maxCommands(int most) {
        this.commands = ProviderSettings.most("maxCommands", most);
        return this;
    }

    /**
     * Sets the clock by which ends at the provider are reckoned.
     *
     * @param clock default the system's
     * @return this
     */
    public E2bBackendBuilder clock(Clock clock) {
        this.clock = Objects.requireNonNull(clock, "clock");
        return this;
    }

    /**
     * Makes the backend. Nothing is asked yet.
     *
     * @return the backend; to be given to a manager, which closes it
     */
    public E2bBackend build() {
        return new E2bBackend(this);
    }

    String apiKey() {
        return apiKey;
    }

    HttpUrl api() {
        return apiUrl == null ? HttpUrl.get("https://api." + domain) : apiUrl;
    }

    EnvdAddress sandboxes() {
        return new EnvdAddress(domain, sandboxUrl);
    }

    /** Leaves the key out. */
    @Override
    public String toString() {
        return "E2bBackendBuilder[" + name + ", " + domain + "]";
    }
}
