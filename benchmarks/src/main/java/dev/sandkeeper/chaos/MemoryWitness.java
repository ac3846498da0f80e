package dev.sandkeeper.chaos;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.testkit.Fault;
import dev.sandkeeper.testkit.FaultPlan.Operation;
import dev.sandkeeper.testkit.InMemoryProvider.Action;
import dev.sandkeeper.testkit.InMemoryProvider.Event;
import dev.sandkeeper.testkit.ProviderProcess;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The in-memory provider, in a process of its own: what it has, and the record of all that it did. */
final class MemoryWitness implements Witness {
    private final ProviderProcess provider;

    MemoryWitness() throws IOException {
        provider = ProviderProcess.start();
        // as a provider takes its time, a little of it
        provider.alwaysFault(Operation.CREATE, Fault.of(Fault.Kind.SLOW, Duration.ofMillis(4)));
        provider.alwaysFault(Operation.DESTROY, Fault.of(Fault.Kind.SLOW, Duration.ofMillis(3)));
        provider.alwaysFault(Operation.LIST, Fault.of(Fault.Kind.SLOW, Duration.ofMillis(3)));
        provider.alwaysFault(Operation.EXTEND, Fault.of(Fault.Kind.SLOW, Duration.ofMillis(2)));
    }

    int port() {
        return provider.port();
    }

    @Override
    public List<Resource> resources(String deployment) {
        return provider.resources().stream()
                .filter(each -> each.deployment().equals(deployment))
                .map(each -> new Resource(each.providerRef(), each.sandboxId()))
                .toList();
    }

    /** It tells the programs and not their arguments, but nothing else runs in a sandbox whose host is dead. */
    @Override
    public Set<Account.Endless> running(Collection<Account.Endless> commands) {
        if (commands.isEmpty()) {
            return Set.of();
        }
        Set<SandboxId> busy = provider.resources().stream()
                .filter(each -> each.running().contains("sleep"))
                .map(each -> each.sandboxId())
                .collect(Collectors.toSet());
        return commands.stream().filter(each -> busy.contains(each.id())).collect(Collectors.toSet());
    }

    @Override
    public List<String> doubles(String deployment) {
        return doubles(provider.journal().stream()
                .filter(event -> event.deployment().equals(deployment))
                .toList());
    }

    /** A create that was repeated blindly, or a sandbox that came back and was ended again. */
    static List<String> doubles(List<Event> journal) {
        Set<SandboxId> created = new HashSet<>();
        Set<SandboxId> ended = new HashSet<>();
        List<String> doubles = new ArrayList<>();
        for (Event event : journal) {
            boolean creation = event.action() == Action.CREATED;
            if (!(creation ? created : ended).add(event.sandboxId())) {
                doubles.add(event.sandboxId() + " was " + (creation ? "created" : "ended")
                        + " twice at the provider, as " + event.providerRef() + " at " + event.at());
            }
        }
        return doubles;
    }

    @Override
    public Set<SandboxId> made(String deployment) {
        return provider.journal().stream()
                .filter(event -> event.deployment().equals(deployment) && event.action() == Action.CREATED)
                .map(Event::sandboxId)
                .collect(Collectors.toSet());
    }

    @Override
    public void close() {
        provider.close();
    }
}
