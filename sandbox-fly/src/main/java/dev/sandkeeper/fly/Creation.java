package dev.sandkeeper.fly;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.OutcomeUnknownException;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.spi.ProvisionRequest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes one Machine. There is no idempotency key, but its name is ours and unique among the living, so that asking again after a
 * lost answer either makes it or names the one that was made.
 */
final class Creation {
    private static final Logger LOG = LoggerFactory.getLogger(Creation.class);
    private static final Pattern EXISTING = Pattern.compile("machine ID ([A-Za-z0-9]{1,64}) already exists");
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);
    /** What Fly's own client gives its lists to catch up. */
    private static final long LAG_MILLIS = 500;

    private static final int ATTEMPTS = 4;

    private final FlyApi api;
    private final FlySettings settings;
    private final SpecRules rules;
    private final AgentScript script;
    private final ProvisionRequest request;
    private final String app;
    private final Identity identity;
    private final Deadline deadline;

    /**
     * A Machine to be made.
     *
     * @param app where; it is there
     * @param deadline when the sandbox must take commands
     */
    Creation(
            FlyApi api,
            FlySettings settings,
            SpecRules rules,
            AgentScript script,
            ProvisionRequest request,
            String app,
            Deadline deadline) {
        this.api = api;
        this.settings = settings;
        this.rules = rules;
        this.script = script;
        this.request = request;
        this.app = app;
        this.identity = new Identity(request.deployment(), request.sandboxId(), request.createdAt());
        this.deadline = deadline;
    }

    /** {@return the Machine, which has still to start} */
    MachineView make() {
        MachineView made = inSomeRegion();
        request.progress().accept("Machine " + made.id() + " is made in " + made.region() + " and fetches its image");
        return made;
    }

    private Map<String, Object> body(@Nullable String region) {
        SandboxSpec spec = request.spec();
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("HOME", SandboxSpec.WORKSPACE);
        environment.putAll(request.environment());
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("image", spec.image().orElse(settings.image()));
        config.put("init", Map.of("exec", script.mainProcess(life())));
        config.put("guest", rules.guest(spec));
        config.put("env", environment);
        config.put("auto_destroy", true);
        config.put("restart", Map.of("policy", "no"));
        config.put("stop_config", Map.of("signal", "SIGTERM", "timeout", "5s"));
        config.put("metadata", identity.metadata());
        config.put("dns", Map.of("skip_registration", true));
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("name", Identity.machineName(request.sandboxId()));
        if (region != null) {
            body.put("region", region);
        }
        body.put("config", config);
        return body;
    }

    /** Until the end that was asked for, by this JVM's clock; else as far as an end is kept ahead. */
    private Duration life() {
        Duration life = request.expiresAt() == null
                ? settings.expiryHorizon().plus(request.spec().createTimeout())
                : Duration.between(settings.clock().instant(), request.expiresAt());
        return life.compareTo(Duration.ofSeconds(1)) < 0 ? Duration.ofSeconds(1) : life;
    }

    /** All regions in one request first; if that has no room, each alone, since a list is understood to the letter only. */
    private MachineView inSomeRegion() {
        List<String> regions = settings.regions();
        String all = regions.isEmpty() ? null : String.join(",", regions);
        try {
            return named(all);
        } catch (BackendUnavailableException e) {
            if (!e.code().equals(FlyErrors.NO_CAPACITY)) {
                throw e;
            }
            for (String region : regions.size() > 1 ? regions : List.<String>of()) {
                try {
                    return named(region);
                } catch (BackendUnavailableException other) {
                    if (!other.code().equals(FlyErrors.NO_CAPACITY)) {
                        throw other;
                    }
                    e.addSuppressed(other);
                }
            }
            throw e;
        }
    }

    private MachineView named(@Nullable String region) {
        SandboxException lost = null;
        for (int attempt = 1; attempt <= ATTEMPTS && !deadline.passed(); attempt++) {
            try {
                return api.create(app, body(region));
            } catch (BackendRejectedException e) {
                if (e.code().equals(FlyErrors.NAME_IN_USE)) {
                    return existing(e);
                }
                throw lost == null ? e : unknown(e);
            } catch (OutcomeUnknownException e) {
                LOG.debug("the answer to a create was lost; it is asked again under the same name", e);
                lost = e;
                pause(LAG_MILLIS << (attempt - 1));
                Optional<MachineView> listed = listed();
                if (listed.isPresent()) {
                    return listed.get();
                }
            } catch (BackendUnavailableException e) {
                if (lost == null || e.code().equals(FlyErrors.NO_CAPACITY)) {
                    throw lost == null ? e : unknown(e);
                }
                pause(LAG_MILLIS << (attempt - 1));
            }
        }
        throw unknown(lost);
    }

    private OutcomeUnknownException unknown(@Nullable SandboxException last) {
        return new OutcomeUnknownException(api.client()
                .failure("outcome_unknown", "it is not known whether a Machine was made for this sandbox")
                .sandbox(request.sandboxId())
                .cause(last));
    }

    private Optional<MachineView> listed() {
        try {
            return api.list(app, Identity.SANDBOX, request.sandboxId().toString()).stream()
                    .flatMap(List::stream)
                    .filter(view -> !view.hasEnded())
                    .findFirst();
        } catch (SandboxInterruptedException e) {
            throw e;
        } catch (SandboxException e) {
            LOG.debug("the list did not come; the name decides", e);
            return Optional.empty();
        }
    }

    /** The name is in use: by the Machine of an earlier request of this very sandbox, or something is very wrong. */
    private MachineView existing(BackendRejectedException refused) {
        Matcher matcher = EXISTING.matcher(String.valueOf(refused.getMessage()));
        if (matcher.find()) {
            Optional<MachineView> view = api.find(new MachineRef(app, matcher.group(1)));
            if (view.isPresent()
                    && view.get().identity().filter(this::isThisSandbox).isPresent()) {
                return view.get();
            }
        }
        throw unknown(refused);
    }

    private boolean isThisSandbox(Identity found) {
        return found.sandboxId().equals(identity.sandboxId())
                && found.deployment().equals(identity.deployment());
    }

    /** Waits until a Machine runs. */
    void awaitStart(MachineRef ref, String version) {
        while (true) {
            Duration patience = deadline.orSooner(LONGEST_WAIT).time();
            SandboxException fault = null;
            try {
                if (api.await(ref, "started", version, patience)) {
                    return;
                }
            } catch (SandboxInterruptedException e) {
                throw e;
            } catch (SandboxException e) {
                // a wait that cannot succeed is refused; so may be one just after the create
                fault = e;
            }
            MachineView view = api.find(ref).orElse(null);
            if (view != null && view.isStarted()) {
                return;
            }
            if (view != null && view.hasEnded()) {
                throw new BackendRejectedException(api.client()
                        .failure("machine_not_started", "Machine " + ref + " has not started: it is " + view.state())
                        .remedy("See its events at Fly: the image may be missing, or have no /bin/sh")
                        .cause(fault));
            }
            if (deadline.passed()) {
                throw new BackendUnavailableException(api.client()
                        .failure(
                                "create_timeout",
                                "Machine " + ref + " did not start within "
                                        + request.spec().createTimeout())
                        .remedy("Use a smaller image, or a longer createTimeout")
                        .cause(fault));
            }
            pause(LAG_MILLIS / 2);
        }
    }

    private void pause(long millis) {
        Pause.millis(millis, api.client(), "create a Machine");
    }
}
