package dev.sandkeeper.testkit;

import static org.awaitility.Awaitility.await;

import dev.sandkeeper.BackgroundLog;
import dev.sandkeeper.BackgroundStatus;
import dev.sandkeeper.CapturedOutput;
import dev.sandkeeper.CommandNotStartableException;
import dev.sandkeeper.Endpoint;
import dev.sandkeeper.SandboxConflictException;
import dev.sandkeeper.spi.BackgroundRequest;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Broken ways to run commands in the background, to tell where a port is reached, and to count. */
final class BackgroundMutants {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private BackgroundMutants() {}

    static SandboxBackend backgroundStartsASecondOfAName(SandboxBackend sound) {
        return MutantParts.background(sound, background -> new MutantParts.Background(background) {
            @Override
            public void start(BackgroundRequest request) {
                try {
                    delegate.start(request);
                } catch (SandboxConflictException e) {
                    delegate.end(request.name(), Duration.ZERO);
                    await().atMost(PATIENCE)
                            .pollInSameThread()
                            .until(() ->
                                    delegate.find(request.name()).orElseThrow().exit() != null);
                    delegate.start(request);
                }
            }
        });
    }

    static SandboxBackend backgroundForgetsTheDeadline(SandboxBackend sound) {
        return MutantParts.background(sound, background -> new MutantParts.Background(background) {
            @Override
            public void start(BackgroundRequest request) {
                ProcessRequest process = request.process();
                ProcessRequest endless = new ProcessRequest(
                        process.arguments(), process.environment(), process.workingDirectory(), null, false, null);
                delegate.start(new BackgroundRequest(request.name(), endless, request.grace(), request.logLimit()));
            }
        });
    }

    static SandboxBackend backgroundForgetsTheEnvironment(SandboxBackend sound) {
        return MutantParts.background(sound, background -> new MutantParts.Background(background) {
            @Override
            public void start(BackgroundRequest request) {
                ProcessRequest process = request.process();
                ProcessRequest bare = new ProcessRequest(
                        process.arguments(), Map.of(), process.workingDirectory(), null, false, process.deadline());
                delegate.start(new BackgroundRequest(request.name(), bare, request.grace(), request.logLimit()));
            }
        });
    }

    static SandboxBackend backgroundMissingProgramEndsWith127(SandboxBackend sound) {
        return MutantParts.background(sound, background -> new MutantParts.Background(background) {
            @Override
            public void start(BackgroundRequest request) {
                try {
                    delegate.start(request);
                } catch (CommandNotStartableException e) {
                    ProcessRequest instead =
                            new ProcessRequest(List.of("sh", "-c", "exit 127"), Map.of(), "/tmp", null, false, null);
                    delegate.start(new BackgroundRequest(request.name(), instead, request.grace(), request.logLimit()));
                }
            }
        });
    }

    static SandboxBackend backgroundFindsByPrefix(SandboxBackend sound) {
        return MutantParts.background(sound, background -> new MutantParts.Background(background) {
            @Override
            public Optional<BackgroundStatus> find(String name) {
                return delegate.list().stream()
                        .filter(status -> status.name().startsWith(name))
                        .findFirst();
            }
        });
    }

    static SandboxBackend backgroundLogForgetsTheBeginning(SandboxBackend sound) {
        return MutantParts.background(sound, background -> new MutantParts.Background(background) {
            @Override
            public BackgroundLog log(String name) {
                BackgroundLog log = delegate.log(name);
                byte[] kept = log.stdout().bytes();
                byte[] end = Arrays.copyOfRange(kept, kept.length / 2, kept.length);
                return new BackgroundLog(
                        new CapturedOutput(new byte[0], end, log.stdout().totalBytes()), log.stderr());
            }
        });
    }

    static SandboxBackend backgroundLogMixesTheStreams(SandboxBackend sound) {
        return MutantParts.background(sound, background -> new MutantParts.Background(background) {
            @Override
            public BackgroundLog log(String name) {
                BackgroundLog log = delegate.log(name);
                byte[] out = log.stdout().bytes();
                byte[] err = log.stderr().bytes();
                CapturedOutput both = new CapturedOutput(out, err, out.length + err.length);
                return new BackgroundLog(both, new CapturedOutput(new byte[0], new byte[0], 0));
            }
        });
    }

    static SandboxBackend backgroundEndKillsAtOnce(SandboxBackend sound) {
        return MutantParts.background(sound, background -> new MutantParts.Background(background) {
            @Override
            public void end(String name, Duration grace) {
                delegate.end(name, Duration.ZERO);
            }
        });
    }

    static SandboxBackend backgroundEndDoesNothing(SandboxBackend sound) {
        return MutantParts.background(sound, background -> new MutantParts.Background(background) {
            @Override
            public void end(String name, Duration grace) {}
        });
    }

    static SandboxBackend backgroundRemovesWhatRuns(SandboxBackend sound) {
        return MutantParts.background(sound, background -> new MutantParts.Background(background) {
            @Override
            public void remove(String name) {
                try {
                    delegate.remove(name);
                } catch (SandboxConflictException e) {
                    delegate.end(name, Duration.ZERO);
                }
            }
        });
    }

    static SandboxBackend backgroundEndsWithItsConnection(SandboxBackend sound) {
        return MutantParts.sandboxes(sound, sandbox -> new MutantParts.Connection(sandbox) {
            @Override
            public void close() {
                delegate.background()
                        .list()
                        .forEach(job -> delegate.background().end(job.name(), Duration.ZERO));
                delegate.close();
            }
        });
    }

    static SandboxBackend makesAnEndpointUp(SandboxBackend sound) {
        return MutantParts.sandboxes(sound, sandbox -> new MutantParts.Connection(sandbox) {
            @Override
            public Endpoint endpoint(int port) {
                return new Endpoint("127.0.0.1", port);
            }
        });
    }

    static SandboxBackend countsWhatIsGone(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public Optional<ResourceUsage> usage(String providerRef) {
                return delegate.state(providerRef) == ProviderState.GONE
                        ? Optional.of(new ResourceUsage(Duration.ZERO, 0L, 0L, 0L))
                        : delegate.usage(providerRef);
            }
        };
    }

    static SandboxBackend countsLessThanNothing(SandboxBackend sound) {
        return new ForwardingBackend(sound) {
            @Override
            public Optional<ResourceUsage> usage(String providerRef) {
                return Optional.of(new ResourceUsage(Duration.ofNanos(-1), -1L, -1L, -1L));
            }
        };
    }
}
