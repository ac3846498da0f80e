package dev.sandkeeper.fly;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.http.ProviderSettings;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/** Collects a {@link FlyBackend}. Each setter checks its own argument and names it. Not thread-safe. */
public final class FlyBackendBuilder {
    private final Token token;
    private final String app;
    private String name = "fly";
    private HttpUrl url = HttpUrl.get("https://api.machines.dev");
    private boolean appPerSandbox;
    private @Nullable String organization;
    private List<String> regions = List.of();
    private String image = "node:20-alpine";
    private String cpuKind = "shared";
    private int cpus = 1;
    private MemorySize memory = MemorySize.megabytes(512);
    private String user = "sandbox";
    private int userId = 10_001;
    private int calls = 64;
    private Duration expiryHorizon = Duration.ofHours(1);
    private Clock clock = Clock.systemUTC();

    FlyBackendBuilder(Token token, String app) {
        this.token = token;
        if (!Objects.requireNonNull(app, "app").matches("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")) {
            throw new IllegalArgumentException(
                    "app must be 1 to 63 lower-case letters, digits and hyphens, none of these at an end: \"" + app
                            + "\"");
        }
        this.app = app;
    }

    /** As the environment says. */
    static FlyBackendBuilder of(Function<String, @Nullable String> environment) {
        String token = required(environment, "FLY_API_TOKEN", "Make one with \"fly tokens create deploy\"");
        String app = required(environment, "FLY_APP", "Name the app that the Machines are made in");
        try {
            FlyBackendBuilder builder =
                    new FlyBackendBuilder(Token.of(token), app).organization(set(environment, "FLY_ORG"));
            String regions = set(environment, "FLY_REGION");
            if (regions != null) {
                builder.regions(regions.split(",", -1));
            }
            String url = set(environment, "FLY_FLAPS_BASE_URL");
            if (url != null) {
                builder.url(URI.create(url));
            }
            return builder;
        } catch (IllegalArgumentException e) {
            throw new BackendRejectedException(Failure.of("environment_invalid", String.valueOf(e.getMessage()))
                    .backend("fly")
                    .remedy("Correct the variables FLY_API_TOKEN, FLY_APP, FLY_ORG, FLY_REGION, FLY_FLAPS_BASE_URL"));
        }
    }

    private static @Nullable String set(Function<String, @Nullable String> environment, String name) {
        String value = environment.apply(name);
        return value == null || value.isBlank() ? null : value.strip();
    }

    private static String required(Function<String, @Nullable String> environment, String name, String remedy) {
        String value = set(environment, name);
        if (value == null) {
            throw new BackendRejectedException(Failure.of("environment_missing", name + " is not set")
                    .backend("fly")
                    .remedy(remedy));
        }
        return value;
    }

    /**
     * Names the backend, where a manager has several.
     *
     * @param name 1 to 64 letters, digits, dots, underscores and hyphens; default {@code fly}
     * @return this builder
     */
    public FlyBackendBuilder name(String name) {
        this.name = ProviderSettings.name(name);
        return this;
    }

    /**
     * Sets where the API is.
     *
     * @param address default {@code https://api.machines.dev}; from within Fly's private network {@code
     *     http://_api.internal:4280}
     * @return this builder
     */
    public FlyBackendBuilder url(URI address) {
        this.url = ProviderSettings.url(
                "url", Objects.requireNonNull(address, "url").toString());
        return this;
    }

    /**
     * Gives each sandbox an app of its own with a private network of its own, so that no sandbox reaches another one there, as
     * Fly recommends for code that is not trusted. The app given to {@link FlyBackend#builder} becomes a prefix of at most 19
     * characters, behind which the names tell deployment and sandbox. Needs {@link #organization} and a token of it. A create
     * costs two requests more; Fly deletes 100 apps a minute at most.
     *
     * <p>Switched on or off, the backend still serves and destroys the sandboxes that were made before. It finds no orphans of
     * then, though, so that it is best switched together with {@link #name}, or when there is no sandbox.
     *
     * @return this builder; default one app for all
     */
    public FlyBackendBuilder appPerSandbox() {
        this.appPerSandbox = true;
        return this;
    }

    /**
     * Lets apps be made: the one for all if there is none, or one for each sandbox. That needs a token of the organization.
     *
     * @param slug the organization's name as Fly abbreviates it; null, the default, if the app is there
     * @return this builder
     */
    public FlyBackendBuilder organization(@Nullable String slug) {
        this.organization = slug;
        return this;
    }

    /**
     * Prefers regions, in this order; where one has no room, the next is tried.
     *
     * @param codes three letters each, or an area such as {@code eu} or {@code us}, or {@code any}; default none: the one
     *     nearest to the caller
     * @return this builder
     */
    public FlyBackendBuilder regions(String... codes) {
        for (String code : Objects.requireNonNull(codes, "regions")) {
            if (!Objects.requireNonNull(code, "regions").strip().matches("[a-z]{2,4}")) {
                throw new IllegalArgumentException("regions must be codes such as iad or eu: \"" + code + "\"");
            }
        }
        this.regions = Arrays.stream(codes).map(String::strip).toList();
        return this;
    }

    /**
     * Sets the image of specs that name none.
     *
     * @param image its name; default {@code node:20-alpine}
     * @return this builder
     */
    public FlyBackendBuilder defaultImage(String image) {
        this.image = Objects.requireNonNull(image, "defaultImage");
        return this;
    }

    /**
     * Sets the kind of processor of all Machines.
     *
     * @param kind {@code shared}, the default, which has a sixteenth of its processors for good and saves up for more; or
     *     {@code performance}, which has them whole and costs several times as much
     * @return this builder
     */
    public FlyBackendBuilder cpuKind(String kind) {
        if (!Objects.requireNonNull(kind, "cpuKind").equals("shared") && !kind.equals("performance")) {
            throw new IllegalArgumentException("cpuKind must be shared or performance: \"" + kind + "\"");
        }
        this.cpuKind = kind;
        return this;
    }

    /**
     * Sets the processors of specs that name none.
     *
     * @param count 1, 2, 4, 6 or 8, and of kind performance up to 16; default 1
     * @return this builder
     */
    public FlyBackendBuilder defaultCpus(int count) {
        if (count < 1 || count > 16) {
            throw new IllegalArgumentException("defaultCpus must be from 1 to 16: " + count);
        }
        this.cpus = count;
        return this;
    }

    /**
     * Sets the memory of specs that name none, if their processors need no more.
     *
     * @param size a multiple of 256 MB, of kind performance of 2,048; default 512 MB
     * @return this builder
     */
    public FlyBackendBuilder defaultMemory(MemorySize size) {
        this.memory = Objects.requireNonNull(size, "defaultMemory");
        return this;
    }

    /**
     * Sets who runs commands. If the image has no such user, it is made.
     *
     * @param name not root; default {@code sandbox}
     * @param id the number of one that is made, from 1; default 10,001
     * @return this builder
     */
    public FlyBackendBuilder user(String name, int id) {
        if (!Objects.requireNonNull(name, "user").matches("[a-z_][a-z0-9_-]{0,31}") || name.equals("root") || id < 1) {
            throw new IllegalArgumentException(
                    "user must be a name other than root, with a number from 1: \"" + name + "\", " + id);
        }
        this.user = name;
        this.userId = id;
        return this;
    }

    /**
     * Bounds the calls at a time, and so the connections.
     *
     * @param most from 1; default 64
     * @return this builder
     */
    public FlyBackendBuilder maxCalls(int most) {
        this.calls = ProviderSettings.most("maxCalls", most);
        return this;
    }

    /**
     * Sets how far ahead the end inside a Machine is kept.
     *
     * @param time from 10 minutes to 24 hours; default 1 hour
     * @return this builder
     */
    public FlyBackendBuilder expiryHorizon(Duration time) {
        if (Objects.requireNonNull(time, "expiryHorizon").compareTo(Duration.ofMinutes(10)) < 0
                || time.compareTo(Duration.ofHours(24)) > 0) {
            throw new IllegalArgumentException("expiryHorizon must be from 10 minutes to 24 hours: " + time);
        }
        this.expiryHorizon = time;
        return this;
    }

    /**
     * Sets the clock by which ends are understood.
     *
     * @param clock default the system's
     * @return this builder
     */
    public FlyBackendBuilder clock(Clock clock) {
        this.clock = Objects.requireNonNull(clock, "clock");
        return this;
    }

    /**
     * Finishes the backend. Nothing is asked of Fly yet.
     *
     * @return the backend, to be closed
     * @throws BackendRejectedException if {@link #appPerSandbox} was asked for without an organization, or with an app that is
     *     too long for a prefix
     */
    public FlyBackend build() {
        if (appPerSandbox) {
            checkPrefix();
        }
        return new FlyBackend(
                new FlySettings(
                        name,
                        url,
                        app,
                        appPerSandbox,
                        organization,
                        regions,
                        image,
                        cpuKind,
                        cpus,
                        memory,
                        user,
                        userId,
                        calls,
                        expiryHorizon,
                        clock),
                token);
    }

    private void checkPrefix() {
        if (organization == null) {
            throw new BackendRejectedException(Failure.of(
                            "organization_missing",
                            "organization is not set, and appPerSandbox() needs one to make apps in")
                    .backend(name)
                    .remedy("Call organization(\"personal\") or with another slug, with a token of that organization"));
        }
        if (app.length() > AppName.LONGEST_PREFIX) {
            throw new BackendRejectedException(Failure.of(
                            "app_too_long",
                            "app: \"" + app + "\" has " + app.length()
                                    + " characters, and with appPerSandbox() it may have " + AppName.LONGEST_PREFIX
                                    + ", since it is the beginning of the apps' names")
                    .backend(name)
                    .remedy("Choose a shorter one"));
        }
    }

    /** Leaves the token out. */
    @Override
    public String toString() {
        return "FlyBackendBuilder[" + name + ", app " + app + "]";
    }
}
