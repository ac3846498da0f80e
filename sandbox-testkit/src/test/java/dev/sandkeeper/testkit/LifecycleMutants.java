package dev.sandkeeper.testkit;

import dev.sandkeeper.BackendRejectedException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.SandboxGoneException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInterruptedException;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.Snapshot;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.spi.OwnedListing;
import dev.sandkeeper.spi.OwnedResource;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/** Broken ways to create, find, list and destroy. */
final class LifecycleMutants {
    private LifecycleMutants() {}

    static SandboxBackend destroyDoesNothing(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public void destroy(String providerRef) {}
        };
    }

    static SandboxBackend terminateAsksNobody(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public boolean terminate(String providerRef, Duration grace) {
                return true;
            }
        };
    }

    static SandboxBackend terminateKills(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public boolean terminate(String providerRef, Duration grace) {
                delegate.destroy(providerRef);
                return true;
            }
        };
    }

    static SandboxBackend destroyFailsOnNotFound(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public void destroy(String providerRef) {
                if (delegate.state(providerRef) == ProviderState.GONE) {
                    throw new BackendRejectedException(Failure.of("not_found", "no such sandbox"));
                }
                delegate.destroy(providerRef);
            }
        };
    }

    static SandboxBackend list(SandboxBackend sound, Function<String, OwnedListing> list) {
        return new ForwardingBackend(sound) {
            @Override
            public OwnedListing listOwned(String deployment) {
                return list.apply(deployment);
            }
        };
    }

    static SandboxBackend listForgetsHalfMade(SandboxBackend sound) {
        return list(
                sound,
                deployment -> new OwnedListing(
                        sound.listOwned(deployment).resources().stream()
                                .filter(each -> sound.state(each.providerRef()) != ProviderState.UNKNOWN)
                                .toList(),
                        true));
    }

    static SandboxBackend listShowsOtherDeployments(InMemoryProvider provider, SandboxBackend sound) {
        return list(sound, deployment -> listing(provider.resources(), deployment.substring(0, 8)));
    }

    private static OwnedListing listing(List<InMemoryProvider.Witnessed> all, String prefix) {
        return new OwnedListing(
                all.stream()
                        .filter(each -> each.deployment().startsWith(prefix))
                        .map(each -> new OwnedResource(each.providerRef(), each.sandboxId(), each.createdAt()))
                        .toList(),
                true);
    }

    static SandboxBackend listIsCutAndClaimsToBeComplete(SandboxBackend sound) {
        return list(
                sound,
                deployment -> new OwnedListing(
                        sound.listOwned(deployment).resources().stream()
                                .limit(1)
                                .toList(),
                        true));
    }

    static SandboxBackend losesTheTimeOfCreation(SandboxBackend sound) {
        return list(
                sound,
                deployment -> new OwnedListing(
                        sound.listOwned(deployment).resources().stream()
                                .map(each -> new OwnedResource(each.providerRef(), each.sandboxId(), Instant.EPOCH))
                                .toList(),
                        true));
    }

    static SandboxBackend findForgetsTheDeployment(InMemoryProvider provider, SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public Optional<String> find(String deployment, SandboxId sandboxId) {
                return provider.resources().stream()
                        .filter(each -> each.sandboxId().equals(sandboxId))
                        .map(InMemoryProvider.Witnessed::providerRef)
                        .findFirst();
            }
        };
    }

    static SandboxBackend createForgetsOurId(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public BackendSandbox create(ProvisionRequest request) {
                return delegate.create(new ProvisionRequest(
                        request.deployment(),
                        SandboxId.generate(0),
                        request.createdAt(),
                        request.expiresAt(),
                        request.spec(),
                        request.environment(),
                        request.progress()));
            }
        };
    }

    static SandboxBackend stateIsGoneWhilePaused(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public ProviderState state(String providerRef) {
                ProviderState state = delegate.state(providerRef);
                return state == ProviderState.PAUSED ? ProviderState.GONE : state;
            }
        };
    }

    static SandboxBackend pauseDoesNothing(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public void pause(String providerRef) {}
        };
    }

    static SandboxBackend snapshotsShareTheSandbox(SandboxBackend sound) {
        Map<String, String> sources = new ConcurrentHashMap<>();
        return new ForwardingBackend(sound) {
            @Override
            public Snapshot snapshot(String deployment, String providerRef, String name) {
                Snapshot snapshot = delegate.snapshot(deployment, providerRef, name);
                sources.put(snapshot.image(), providerRef);
                return snapshot;
            }

            @Override
            public BackendSandbox create(ProvisionRequest request) {
                String source = sources.get(request.spec().image().orElse(""));
                return source == null ? delegate.create(request) : delegate.attach(source);
            }
        };
    }

    static SandboxBackend snapshotsAreEmpty(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public BackendSandbox create(ProvisionRequest request) {
                return delegate.create(new ProvisionRequest(
                        request.deployment(),
                        request.sandboxId(),
                        request.createdAt(),
                        request.expiresAt(),
                        request.spec().toBuilder().image(null).build(),
                        request.environment(),
                        request.progress()));
            }
        };
    }

    static SandboxBackend snapshotsEndWithTheirSandbox(SandboxBackend sound) {
        Map<String, Snapshot> made = new ConcurrentHashMap<>();
        return new ForwardingBackend(sound) {
            @Override
            public Snapshot snapshot(String deployment, String providerRef, String name) {
                Snapshot snapshot = delegate.snapshot(deployment, providerRef, name);
                made.put(deployment + " " + providerRef, snapshot);
                return snapshot;
            }

            @Override
            public void destroy(String providerRef) {
                made.forEach((key, snapshot) -> {
                    if (key.endsWith(" " + providerRef)) {
                        delegate.deleteSnapshot(key.split(" ", 2)[0], snapshot.image());
                    }
                });
                delegate.destroy(providerRef);
            }
        };
    }

    static SandboxBackend snapshotsReplaceOnesOfTheirName(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public Snapshot snapshot(String deployment, String providerRef, String name) {
                delegate.snapshots(deployment).stream()
                        .filter(each -> each.name().equals(name))
                        .forEach(each -> delegate.deleteSnapshot(deployment, each.image()));
                return delegate.snapshot(deployment, providerRef, name);
            }
        };
    }

    static SandboxBackend snapshotEndsWhatRuns(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public Snapshot snapshot(String deployment, String providerRef, String name) {
                delegate.terminate(providerRef, Duration.ofSeconds(1));
                return delegate.snapshot(deployment, providerRef, name);
            }
        };
    }

    static SandboxBackend deletesSnapshotsOfOtherDeployments(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public void deleteSnapshot(String deployment, String image) {
                delegate.deleteSnapshot(deployment, image);
                delegate.deleteSnapshot(deployment.substring(0, deployment.length() - 1), image);
            }
        };
    }

    static SandboxBackend attachesToWhatIsGone(SandboxBackend sound) {
        Queue<BackendSandbox> made = new ConcurrentLinkedQueue<>();
        return new ForwardingBackend(sound) {
            @Override
            public BackendSandbox create(ProvisionRequest request) {
                BackendSandbox created = delegate.create(request);
                made.add(created);
                return created;
            }

            @Override
            public BackendSandbox attach(String providerRef) {
                try {
                    return delegate.attach(providerRef);
                } catch (SandboxGoneException e) {
                    return made.stream()
                            .filter(each -> each.providerRef().equals(providerRef))
                            .findFirst()
                            .orElseThrow(() -> e);
                }
            }
        };
    }

    static SandboxBackend swallowsInterrupts(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public BackendSandbox create(ProvisionRequest request) {
                Thread.interrupted();
                return delegate.create(request);
            }
        };
    }

    static SandboxBackend clearsTheInterruptFlag(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public OwnedListing listOwned(String deployment) {
                try {
                    return delegate.listOwned(deployment);
                } catch (SandboxInterruptedException e) {
                    Thread.interrupted();
                    throw e;
                }
            }
        };
    }

    static SandboxBackend closeDestroysStoreSandboxes(SandboxBackend sound) {
        Queue<String> made = new ConcurrentLinkedQueue<>();
        return new ForwardingBackend(sound) {
            @Override
            public BackendSandbox create(ProvisionRequest request) {
                BackendSandbox created = delegate.create(request);
                made.add(created.providerRef());
                return created;
            }

            @Override
            public void close() {
                made.forEach(delegate::destroy);
                made.clear();
                delegate.close();
            }
        };
    }

    static SandboxBackend closingAConnectionLeavesItsCommands(SandboxBackend sound) {
        return MutantParts.sandboxes(sound, sandbox -> new MutantParts.Connection(sandbox) {
            @Override
            public void close() {}
        });
    }

    static SandboxBackend processSandboxesSurvive(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public BackendSandbox create(ProvisionRequest request) {
                return delegate.create(new ProvisionRequest(
                        request.deployment(),
                        request.sandboxId(),
                        request.createdAt(),
                        request.expiresAt(),
                        request.spec().toBuilder().lifetime(Lifetime.STORE).build(),
                        request.environment(),
                        request.progress()));
            }
        };
    }

    static SandboxBackend dropsACapabilityItLacks(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public Set<Capability> capabilities() {
                Set<Capability> fewer = EnumSet.copyOf(delegate.capabilities());
                fewer.remove(Capability.HOST_NETWORK);
                return Set.copyOf(fewer);
            }

            @Override
            public void validate(SandboxSpec spec) {}
        };
    }

    static SandboxBackend leaksAThread(SandboxBackend sound) {
        Thread thread = new Thread(LockSupport::park, "leaked by a mutant");
        thread.setDaemon(true);
        thread.start();
        return new ForwardingBackend(sound);
    }
}
