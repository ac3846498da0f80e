package dev.sandkeeper;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a sandbox should be like: an immutable request. Nothing is required; a backend documents the default of whatever is
 * left out and refuses by name, before anything is created, what it cannot give.
 *
 * <p>Without a word a sandbox has no network, no capabilities of the kernel, a read-only system, an unprivileged user and
 * bounded memory, processes and processor time. Each opt-out is one method of the builder.
 */
public final class SandboxSpec {
    /** Where the command user's own directory is in every sandbox: the working directory, HOME and the root of relative paths. */
    public static final String WORKSPACE = "/workspace";

    private static final Pattern LABEL_NAME = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._/-]{0,98}[A-Za-z0-9])?");

    private final @Nullable String backend;
    private final @Nullable String image;
    private final @Nullable Duration timeToLive;
    private final @Nullable Duration idleTimeout;
    private final Retention retention;
    private final Lifetime lifetime;
    private final @Nullable String owner;
    private final Map<String, String> labels;
    private final Map<String, String> environment;
    private final Set<String> secrets;
    private final @Nullable MemorySize memory;
    private final @Nullable Double cpus;
    private final @Nullable Integer maxProcesses;
    private final @Nullable Integer maxOpenFiles;
    private final @Nullable MemorySize disk;
    private final @Nullable MemorySize tmpSize;
    private final Network network;
    private final Set<Integer> ports;
    private final @Nullable String user;
    private final boolean writableRoot;
    private final Set<String> kernelCapabilities;
    private final @Nullable String runtime;
    private final List<HostMount> hostMounts;
    private final Duration createTimeout;

    private SandboxSpec(Builder b) {
        backend = b.backend;
        image = b.image;
        timeToLive = b.timeToLive;
        idleTimeout = b.idleTimeout;
        retention = b.retention;
        lifetime = b.lifetime;
        owner = b.owner;
        labels = Map.copyOf(b.labels);
        environment = Map.copyOf(b.environment);
        secrets = Set.copyOf(b.secrets);
        memory = b.memory;
        cpus = b.cpus;
        maxProcesses = b.maxProcesses;
        maxOpenFiles = b.maxOpenFiles;
        disk = b.disk;
        tmpSize = b.tmpSize;
        network = b.network;
        ports = Collections.unmodifiableSet(new TreeSet<>(b.ports));
        user = b.user;
        writableRoot = b.writableRoot;
        kernelCapabilities = Set.copyOf(b.kernelCapabilities);
        runtime = b.runtime;
        hostMounts = List.copyOf(b.hostMounts);
        createTimeout = b.createTimeout;
    }

    /**
     * Starts a spec; everything has a default.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Starts a spec that differs from this one.
     *
     * @return a builder that holds what this spec holds
     */
    public Builder toBuilder() {
        Builder b = new Builder();
        b.backend = backend;
        b.image = image;
        b.timeToLive = timeToLive;
        b.idleTimeout = idleTimeout;
        b.retention = retention;
        b.lifetime = lifetime;
        b.owner = owner;
        b.labels.putAll(labels);
        b.environment.putAll(environment);
        b.secrets.addAll(secrets);
        b.memory = memory;
        b.cpus = cpus;
        b.maxProcesses = maxProcesses;
        b.maxOpenFiles = maxOpenFiles;
        b.disk = disk;
        b.tmpSize = tmpSize;
        b.network = network;
        b.ports.addAll(ports);
        b.user = user;
        b.writableRoot = writableRoot;
        b.kernelCapabilities.addAll(kernelCapabilities);
        b.runtime = runtime;
        b.hostMounts.addAll(hostMounts);
        b.createTimeout = createTimeout;
        return b;
    }

    /**
     * The backend to use.
     *
     * @return its name, or nothing for the manager's first one
     */
    public Optional<String> backend() {
        return Optional.ofNullable(backend);
    }

    /**
     * What the sandbox is made from.
     *
     * @return the image, or nothing for the backend's default
     */
    public Optional<String> image() {
        return Optional.ofNullable(image);
    }

    /**
     * The longest life from creation or the last renewal.
     *
     * @return the time, or nothing where {@link #retention()} decides
     */
    public Optional<Duration> timeToLive() {
        return Optional.ofNullable(timeToLive);
    }

    /**
     * The longest time without activity.
     *
     * @return the time, or nothing if it may be idle for ever
     */
    public Optional<Duration> idleTimeout() {
        return Optional.ofNullable(idleTimeout);
    }

    /**
     * Which time to live applies where none is named.
     *
     * @return the retention; default {@link Retention#DEFAULT}
     */
    public Retention retention() {
        return retention;
    }

    /**
     * What the life is tied to.
     *
     * @return the lifetime; default {@link Lifetime#STORE}
     */
    public Lifetime lifetime() {
        return lifetime;
    }

    /**
     * Who is charged.
     *
     * @return the owner, or nothing
     */
    public Optional<String> owner() {
        return Optional.ofNullable(owner);
    }

    /**
     * The application's own labels. They stay in the store; the provider never sees them.
     *
     * @return values by name, immutable
     */
    public Map<String, String> labels() {
        return labels;
    }

    /**
     * The environment of every command. Values go to the provider only; rows and logs have the names.
     *
     * @return values by name, immutable
     */
    public Map<String, String> environment() {
        return environment;
    }

    /**
     * Environment variables whose values the manager's {@link SecretSource} gives at create time.
     *
     * @return their names, immutable
     */
    public Set<String> secrets() {
        return secrets;
    }

    /**
     * The limit on memory, swap and memory-backed files included.
     *
     * @return the limit, or nothing for the backend's default
     */
    public Optional<MemorySize> memory() {
        return Optional.ofNullable(memory);
    }

    /**
     * The limit on processor time, in processors.
     *
     * @return the limit, or nothing for the backend's default
     */
    public OptionalDouble cpus() {
        return cpus == null ? OptionalDouble.empty() : OptionalDouble.of(cpus);
    }

    /**
     * The limit on processes and threads at one time.
     *
     * @return the limit, or nothing for the backend's default
     */
    public OptionalInt maxProcesses() {
        return maxProcesses == null ? OptionalInt.empty() : OptionalInt.of(maxProcesses);
    }

    /**
     * The limit on open files of each process.
     *
     * @return the limit, or nothing for the backend's default
     */
    public OptionalInt maxOpenFiles() {
        return maxOpenFiles == null ? OptionalInt.empty() : OptionalInt.of(maxOpenFiles);
    }

    /**
     * The hard limit on what the workspace holds. Needs {@link dev.sandkeeper.spi.Capability#DISK_LIMIT}.
     *
     * @return the limit, or nothing if it has none
     */
    public Optional<MemorySize> disk() {
        return Optional.ofNullable(disk);
    }

    /**
     * The size of {@code /tmp}, which is memory and counts as such.
     *
     * @return the size, or nothing for the backend's default
     */
    public Optional<MemorySize> tmpSize() {
        return Optional.ofNullable(tmpSize);
    }

    /**
     * What it can reach.
     *
     * @return the network; default {@link Network#none()}
     */
    public Network network() {
        return network;
    }

    /**
     * Ports of services in the sandbox that the host reaches by {@link Sandbox#endpoint}.
     *
     * @return in ascending order, immutable; default none
     */
    public Set<Integer> ports() {
        return ports;
    }

    /**
     * The user that commands run as.
     *
     * @return a name or number, or nothing for the backend's unprivileged default
     */
    public Optional<String> user() {
        return Optional.ofNullable(user);
    }

    /**
     * Whether the system outside the workspace and {@code /tmp} can be written.
     *
     * @return default false
     */
    public boolean writableRoot() {
        return writableRoot;
    }

    /**
     * Capabilities of the Linux kernel that commands keep.
     *
     * @return names such as {@code NET_RAW}, immutable; default none
     */
    public Set<String> kernelCapabilities() {
        return kernelCapabilities;
    }

    /**
     * The stronger runtime that is demanded.
     *
     * @return its name at the provider, such as {@code runsc}, or nothing for the provider's default
     */
    public Optional<String> runtime() {
        return Optional.ofNullable(runtime);
    }

    /**
     * Files of the host that the sandbox may see.
     *
     * @return the mounts, immutable; default none
     */
    public List<HostMount> hostMounts() {
        return hostMounts;
    }

    /**
     * How long creating may take, fetching the image included.
     *
     * @return default 10 minutes
     */
    public Duration createTimeout() {
        return createTimeout;
    }

    /** Names what was asked for; of the environment only the names. */
    @Override
    public String toString() {
        Map<String, Object> asked = new LinkedHashMap<>();
        put(asked, "backend", backend);
        put(asked, "image", image);
        put(asked, "timeToLive", timeToLive);
        put(asked, "idleTimeout", idleTimeout);
        put(asked, "retention", retention);
        put(asked, "lifetime", lifetime);
        put(asked, "owner", owner);
        put(asked, "labels", labels.isEmpty() ? null : new TreeMap<>(labels));
        put(asked, "environment", environment.isEmpty() ? null : new TreeSet<>(environment.keySet()));
        put(asked, "secrets", secrets.isEmpty() ? null : new TreeSet<>(secrets));
        put(asked, "memory", memory);
        put(asked, "cpus", cpus);
        put(asked, "maxProcesses", maxProcesses);
        put(asked, "maxOpenFiles", maxOpenFiles);
        put(asked, "disk", disk);
        put(asked, "tmpSize", tmpSize);
        put(asked, "network", network);
        put(asked, "ports", ports.isEmpty() ? null : ports);
        put(asked, "user", user);
        put(asked, "writableRoot", writableRoot ? true : null);
        put(asked, "kernelCapabilities", kernelCapabilities.isEmpty() ? null : new TreeSet<>(kernelCapabilities));
        put(asked, "runtime", runtime);
        put(asked, "hostMounts", hostMounts.isEmpty() ? null : hostMounts);
        put(asked, "createTimeout", createTimeout);
        return "SandboxSpec" + asked;
    }

    private static void put(Map<String, Object> asked, String field, @Nullable Object value) {
        if (value != null) {
            asked.put(field, value);
        }
    }

    /** Collects a spec. Each setter checks its own argument and names it. Not thread-safe. */
    public static final class Builder {
        private @Nullable String backend;
        private @Nullable String image;
        private @Nullable Duration timeToLive;
        private @Nullable Duration idleTimeout;
        private Retention retention = Retention.DEFAULT;
        private Lifetime lifetime = Lifetime.STORE;
        private @Nullable String owner;
        private final Map<String, String> labels = new LinkedHashMap<>();
        private final Map<String, String> environment = new LinkedHashMap<>();
        private final Set<String> secrets = new LinkedHashSet<>();
        private @Nullable MemorySize memory;
        private @Nullable Double cpus;
        private @Nullable Integer maxProcesses;
        private @Nullable Integer maxOpenFiles;
        private @Nullable MemorySize disk;
        private @Nullable MemorySize tmpSize;
        private Network network = Network.none();
        private final Set<Integer> ports = new TreeSet<>();
        private @Nullable String user;
        private boolean writableRoot;
        private final Set<String> kernelCapabilities = new LinkedHashSet<>();
        private @Nullable String runtime;
        private final List<HostMount> hostMounts = new ArrayList<>();
        private Duration createTimeout = Duration.ofMinutes(10);

        private Builder() {}

        /**
         * Names the backend, where the manager has several.
         *
         * @param name as {@link dev.sandkeeper.spi.SandboxBackend#name()} gives it; null for the manager's first one
         * @return this builder
         */
        public Builder backend(@Nullable String name) {
            this.backend = name == null ? null : text("backend", name, 64);
            return this;
        }

        /**
         * Names what the sandbox is made from.
         *
         * @param image an image in the backend's own terms, at most 1,024 characters; null for its default
         * @return this builder
         */
        public Builder image(@Nullable String image) {
            this.image = image == null ? null : text("image", image, 1024);
            return this;
        }

        /**
         * Sets the longest life from creation or the last renewal.
         *
         * @param time from 1 millisecond to 3,650 days
         * @return this builder
         */
        public Builder timeToLive(Duration time) {
            this.timeToLive = Durations.checked("timeToLive", time);
            return this;
        }

        /**
         * Sets the longest time without activity: a running command, an open stream, a file operation or a
         * {@link Sandbox#touch()}.
         *
         * @param time from 1 millisecond to 3,650 days
         * @return this builder
         */
        public Builder idleTimeout(Duration time) {
            this.idleTimeout = Durations.checked("idleTimeout", time);
            return this;
        }

        /**
         * Chooses the time to live that applies where none is named.
         *
         * @param retention the retention
         * @return this builder
         */
        public Builder retention(Retention retention) {
            this.retention = Objects.requireNonNull(retention, "retention");
            return this;
        }

        /**
         * Ties the life to the store or to this JVM.
         *
         * @param lifetime the lifetime
         * @return this builder
         */
        public Builder lifetime(Lifetime lifetime) {
            this.lifetime = Objects.requireNonNull(lifetime, "lifetime");
            return this;
        }

        /**
         * Names who is charged.
         *
         * @param owner at most 255 characters; null for nobody
         * @return this builder
         */
        public Builder owner(@Nullable String owner) {
            this.owner = owner == null ? null : text("owner", owner, 255);
            return this;
        }

        /**
         * Adds a label of the application's own. It stays in the store.
         *
         * @param name 1 to 100 letters, digits, dots, underscores, slashes and hyphens, starting and ending with a letter
         *     or digit
         * @param value at most 255 characters
         * @return this builder
         */
        public Builder label(String name, String value) {
            if (!LABEL_NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("label name must be 1 to 100 of [A-Za-z0-9._/-], starting and ending"
                        + " with a letter or digit: \"" + name + "\"");
            }
            if (value.length() > 255 || value.indexOf('\0') >= 0) {
                throw new IllegalArgumentException(
                        "value of label \"" + name + "\" must have at most 255 characters and no NUL");
            }
            labels.put(name, value);
            return this;
        }

        /**
         * Adds an environment variable for every command.
         *
         * @param name not empty, without {@code =} and NUL
         * @param value without NUL
         * @return this builder
         */
        public Builder environment(String name, String value) {
            EnvironmentNames.check(name, value);
            environment.put(name, value);
            return this;
        }

        /**
         * Adds an environment variable whose value the manager's {@link SecretSource} gives at create time.
         *
         * @param name not empty, without {@code =} and NUL
         * @return this builder
         */
        public Builder secret(String name) {
            EnvironmentNames.check(name, "");
            secrets.add(name);
            return this;
        }

        /**
         * Limits memory, swap and memory-backed files included.
         *
         * @param limit the limit
         * @return this builder
         */
        public Builder memory(MemorySize limit) {
            this.memory = Objects.requireNonNull(limit, "memory");
            return this;
        }

        /**
         * Limits processor time.
         *
         * @param count in processors, from 0.01 to 1,024; 0.5 is half of one
         * @return this builder
         */
        public Builder cpus(double count) {
            if (!(count >= 0.01 && count <= 1024)) {
                throw new IllegalArgumentException("cpus must be from 0.01 to 1024: " + count);
            }
            this.cpus = count;
            return this;
        }

        /**
         * Limits processes and threads at one time.
         *
         * @param count from 1 to 4,194,304, the kernel's own limit
         * @return this builder
         */
        public Builder maxProcesses(int count) {
            this.maxProcesses = range("maxProcesses", count, 4_194_304);
            return this;
        }

        /**
         * Limits open files of each process.
         *
         * @param count from 1 to 1,048,576
         * @return this builder
         */
        public Builder maxOpenFiles(int count) {
            this.maxOpenFiles = range("maxOpenFiles", count, 1_048_576);
            return this;
        }

        /**
         * Limits what the workspace holds, hard. A backend that cannot refuses; it never approximates.
         *
         * @param limit the limit
         * @return this builder
         */
        public Builder disk(MemorySize limit) {
            this.disk = Objects.requireNonNull(limit, "disk");
            return this;
        }

        /**
         * Sets the size of {@code /tmp}, which is memory and counts as such.
         *
         * @param size the size
         * @return this builder
         */
        public Builder tmpSize(MemorySize size) {
            this.tmpSize = Objects.requireNonNull(size, "tmpSize");
            return this;
        }

        /**
         * Opens the network.
         *
         * @param network what the sandbox can reach
         * @return this builder
         */
        public Builder network(Network network) {
            this.network = Objects.requireNonNull(network, "network");
            return this;
        }

        /**
         * Lets the host reach a service in the sandbox by {@link Sandbox#endpoint}. May be repeated. Needs a network, and
         * {@link dev.sandkeeper.spi.Capability#PORTS}.
         *
         * @param number where the service listens for TCP connections, on all of its sandbox's interfaces; from 1 to 65,535
         * @return this builder
         * @throws IllegalArgumentException if it is no port, or there are 64 already
         */
        public Builder port(int number) {
            if (number < 1 || number > 65_535) {
                throw new IllegalArgumentException("port must be from 1 to 65535: " + number);
            }
            if (ports.size() >= 64 && !ports.contains(number)) {
                throw new IllegalArgumentException("port may be named 64 times at most; one more was " + number);
            }
            ports.add(number);
            return this;
        }

        /**
         * Runs commands as another user than the backend's unprivileged default.
         *
         * @param user a name or number, optionally with {@code :group}; {@code root} gives up a line of defence
         * @return this builder
         */
        public Builder user(String user) {
            this.user = text("user", user, 128);
            return this;
        }

        /**
         * Lets commands write the system outside the workspace, as far as their user may.
         *
         * @return this builder
         */
        public Builder writableRoot() {
            this.writableRoot = true;
            return this;
        }

        /**
         * Lets commands keep a capability of the Linux kernel.
         *
         * @param name such as {@code NET_RAW}, without {@code CAP_}; {@code ALL} is refused
         * @return this builder
         */
        public Builder kernelCapability(String name) {
            if (!name.matches("[A-Z][A-Z_]{1,30}") || name.equals("ALL") || name.startsWith("CAP_")) {
                throw new IllegalArgumentException("kernelCapability must name one capability in capitals, without"
                        + " \"CAP_\", and not ALL: \"" + name + "\"");
            }
            kernelCapabilities.add(name);
            return this;
        }

        /**
         * Demands a stronger runtime; the create fails where the provider does not have it.
         *
         * @param name the provider's name for it, such as {@code runsc}
         * @return this builder
         */
        public Builder runtime(String name) {
            this.runtime = text("runtime", name, 128);
            return this;
        }

        /**
         * Lets the sandbox see a file or directory of the host, read-only.
         *
         * @param source absolute path on the host
         * @param target absolute path in the sandbox
         * @return this builder
         */
        public Builder readOnlyHostMount(Path source, String target) {
            hostMounts.add(new HostMount(source, target, false));
            return this;
        }

        /**
         * Lets the sandbox change a file or directory of the host.
         *
         * @param source absolute path on the host
         * @param target absolute path in the sandbox
         * @return this builder
         */
        public Builder writableHostMount(Path source, String target) {
            hostMounts.add(new HostMount(source, target, true));
            return this;
        }

        /**
         * Bounds how long creating may take, fetching the image included.
         *
         * @param time from 1 millisecond to 3,650 days
         * @return this builder
         */
        public Builder createTimeout(Duration time) {
            this.createTimeout = Durations.checked("createTimeout", time);
            return this;
        }

        /**
         * Finishes the spec. The builder can be used further.
         *
         * @return the spec
         * @throws IllegalArgumentException if two settings exclude each other; the message names both
         */
        public SandboxSpec build() {
            if (retention == Retention.PERMANENT && timeToLive != null) {
                throw new IllegalArgumentException(
                        "timeToLive " + timeToLive + " excludes retention PERMANENT, which never ends by time");
            }
            for (String name : secrets) {
                if (environment.containsKey(name)) {
                    throw new IllegalArgumentException("\"" + name + "\" is both an environment variable and a secret");
                }
            }
            return new SandboxSpec(this);
        }

        private static String text(String field, String value, int longest) {
            if (value.isBlank() || value.length() > longest || value.chars().anyMatch(Character::isISOControl)) {
                throw new IllegalArgumentException(field + " must have 1 to " + longest
                        + " characters and no control character: \"" + value + "\"");
            }
            return value;
        }

        private static int range(String field, int value, int most) {
            if (value < 1 || value > most) {
                throw new IllegalArgumentException(field + " must be from 1 to " + most + ": " + value);
            }
            return value;
        }
    }
}
