package dev.sandkeeper.daytona;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.http.ProviderClientBuilder;
import dev.sandkeeper.http.ProviderSettings;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/** Settings of a {@link DaytonaBackend}. Not thread-safe. */
public final class DaytonaBackendBuilder {
    /** By it the daemon decides how it answers: without one, stdout and stderr are merged. */
    private static final String SDK_VERSION = "0.205.1";

    private String name = "daytona";
    private @Nullable String apiKey;
    private @Nullable String jwtToken;
    private @Nullable String organizationId;
    private HttpUrl apiUrl = HttpUrl.get("https://app.daytona.io/api");
    private @Nullable String target;
    private @Nullable String snapshot;
    private final VolumeMounts volumes = new VolumeMounts();
    private Duration callTimeout = Duration.ofMinutes(1);
    private Duration toolboxTimeout = Duration.ofSeconds(30);
    private int calls = 32;
    private int commands = 512;
    private Clock clock = Clock.systemUTC();

    DaytonaBackendBuilder() {}

    DaytonaBackendBuilder environment(Map<String, String> environment) {
        apiKey = secret("apiKey", environment.get("DAYTONA_API_KEY"));
        jwtToken = secret("jwtToken", environment.get("DAYTONA_JWT_TOKEN"));
        organizationId = secret("organizationId", environment.get("DAYTONA_ORGANIZATION_ID"));
        target = environment.get("DAYTONA_TARGET");
        String url = environment.get("DAYTONA_API_URL");
        return url == null || url.isBlank() ? this : apiUrl(url.strip());
    }

    private static @Nullable String secret(String setting, @Nullable String value) {
        return value == null || value.isBlank() ? null : ProviderSettings.secret(setting, value);
    }

    /**
     * Names the backend, where a manager has several.
     *
     * @param name 1 to 64 letters, digits, dots, underscores and hyphens; default {@code daytona}
     * @return this builder
     */
    public DaytonaBackendBuilder name(String name) {
        this.name = ProviderSettings.name(name);
        return this;
    }

    /**
     * Sets the key of the organisation. It needs the permissions {@code write:sandboxes} and {@code delete:sandboxes}.
     *
     * @param key the secret
     * @return this builder
     */
    public DaytonaBackendBuilder apiKey(String key) {
        this.apiKey = ProviderSettings.secret("apiKey", key);
        return this;
    }

    /**
     * Sets a user's token in place of a key.
     *
     * @param token the secret
     * @param organizationId the organisation that is meant
     * @return this builder
     */
    public DaytonaBackendBuilder jwtToken(String token, String organizationId) {
        this.jwtToken = ProviderSettings.secret("jwtToken", token);
        this.organizationId = ProviderSettings.secret("organizationId", organizationId);
        return this;
    }

    /**
     * Sets the address of the API.
     *
     * @param url http or https, without user and query; default {@code https://app.daytona.io/api}
     * @return this builder
     */
    public DaytonaBackendBuilder apiUrl(String url) {
        this.apiUrl = ProviderSettings.url("apiUrl", url);
        return this;
    }

    /**
     * Sets the region.
     *
     * @param region such as {@code us} or {@code eu}; null, the default, for the organisation's own
     * @return this builder
     */
    public DaytonaBackendBuilder target(@Nullable String region) {
        this.target = region;
        return this;
    }

    /**
     * Sets the snapshot of specs that name no image.
     *
     * @param name its name or id; null, the default, for the organisation's default
     * @return this builder
     */
    public DaytonaBackendBuilder snapshot(@Nullable String name) {
        if (name != null && !SpecRules.isSnapshotName(name)) {
            throw new IllegalArgumentException("snapshot is no name of one: \"" + name + "\"");
        }
        this.snapshot = name;
        return this;
    }

    /**
     * Mounts a volume of the organisation in every sandbox that this backend makes, for what they share or what is to outlive
     * them, such as caches and data sets. May be called for several volumes.
     *
     * <p>The volume must exist and be {@code ready}: a create is refused otherwise with code {@code volume_unusable} and leaves
     * nothing behind. This backend never makes a volume nor deletes one, so that none can leak, and what is in one stays after
     * all sandboxes. While one of them has it, Daytona refuses to delete it.
     *
     * <p><b>All sandboxes of this backend read and write the same files.</b> What untrusted code writes there others read: take it
     * for hostile, keep no secrets there, and run nothing from there that matters. Owners who must not see each other's files
     * need a backend each, with a volume of their own. Nothing of the files counts as the workspace's, and whether the sandbox's
     * user may write there is up to Daytona.
     *
     * @param nameOrId the volume, by its name or id; 1 to 255 characters
     * @param mountPath the directory where sandboxes see it: absolute, at most 255 characters; neither in {@code /proc},
     *     {@code /sys}, {@code /dev}, {@code /boot}, {@code /etc}, {@code /bin}, {@code /sbin}, {@code /lib} nor {@code /lib64}, and
     *     neither in nor above the workspace, {@code /tmp/.sandkeeper} or another volume
     * @return this builder
     * @throws IllegalArgumentException if one of them cannot be
     */
    public DaytonaBackendBuilder volume(String nameOrId, String mountPath) {
        volumes.add(nameOrId, mountPath);
        return this;
    }

    /**
     * Bounds each call to the control plane, its repetitions included.
     *
     * @param time from 35 seconds, because Daytona holds a create for 30, to 1 day; default 1 minute
     * @return this builder
     */
    public DaytonaBackendBuilder callTimeout(Duration time) {
        this.callTimeout = ProviderSettings.time("callTimeout", Duration.ofSeconds(35), time);
        return this;
    }

    /**
     * Bounds each call to a sandbox's daemon, its repetitions included. Starting a command takes at most three of them, and five
     * seconds more for each that Daytona's proxy refuses by mistake.
     *
     * @param time from 1 millisecond to 1 day; default 30 seconds
     * @return this builder
     */
    public DaytonaBackendBuilder toolboxTimeout(Duration time) {
        this.toolboxTimeout = ProviderSettings.time("toolboxTimeout", Duration.ofMillis(1), time);
        return this;
    }

    /**
     * Bounds the calls at a time, and so their connections.
     *
     * @param most more than 0; default 32
     * @return this builder
     */
    public DaytonaBackendBuilder maxCalls(int most) {
        this.calls = ProviderSettings.most("maxCalls", most);
        return this;
    }

    /**
     * Bounds the commands at a time, each of which holds a WebSocket. Shells that wait for one hold half of them at most.
     *
     * @param most more than 0; default 512
     * @return this builder
     */
    public DaytonaBackendBuilder maxCommands(int most) {
        this.commands = ProviderSettings.most("maxCommands", most);
        return this;
    }

    DaytonaBackendBuilder clock(Clock clock) {
        this.clock = clock;
        return this;
    }

    /**
     * Finishes the backend. Nothing is asked of Daytona yet.
     *
     * @return the backend, to be closed
     * @throws BackendRejectedException if there is no key, or a token without its organisation
     */
    public DaytonaBackend build() {
        String secret = apiKey == null ? jwtToken : apiKey;
        if (secret == null) {
            throw rejected(
                    "credentials_missing",
                    "there is no key for Daytona",
                    "Set DAYTONA_API_KEY, or apiKey(...); keys are made on Daytona's dashboard");
        }
        boolean token = secret.equals(jwtToken);
        if (token && organizationId == null) {
            throw rejected(
                    "organization_missing",
                    "a token says nothing of the organisation",
                    "Set DAYTONA_ORGANIZATION_ID beside DAYTONA_JWT_TOKEN");
        }
        ProviderClientBuilder client = ProviderClient.builder(name, DaytonaErrors::control)
                .secretHeader("Authorization", "Bearer ", secret)
                .header("X-Daytona-Source", "sandkeeper")
                .header("X-Daytona-SDK-Version", SDK_VERSION)
                .clock(clock)
                .callTimeout(callTimeout)
                .calls(calls)
                .streams(commands)
                .repeatsLimited();
        if (token && organizationId != null) {
            client.header("X-Daytona-Organization-ID", organizationId);
        }
        return new DaytonaBackend(
                name,
                apiUrl,
                client.build(),
                target == null || target.isBlank() ? null : target,
                snapshot,
                volumes.wire(),
                callTimeout,
                toolboxTimeout,
                // each has a connection, also while it waits: the others are for commands that need one of their own
                commands / 2,
                clock);
    }

    private BackendRejectedException rejected(String code, String message, String remedy) {
        return new BackendRejectedException(
                Failure.of(code, message).backend(name).remedy(remedy));
    }

    /** Never the key. */
    @Override
    public String toString() {
        return "DaytonaBackendBuilder[" + name + ", " + apiUrl + "]";
    }
}
