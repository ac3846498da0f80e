package dev.sandkeeper.testkit;

import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestInstancePostProcessor;

/** The contract on a mutant that the launcher's configuration names. Run by {@link MutantsTest};
 * without a name it is sound, and passes. */
@ExtendWith(MutantSubject.Choice.class)
class MutantSubject extends SandboxBackendContract {
    static final String MUTANT = "sandkeeper.mutant";

    private static final Mutant SOUND = new Mutant("SOUND", (provider, sound) -> sound, List.of());

    private final InMemoryProvider provider = InMemoryProvider.create();
    private Mutant mutant = SOUND;

    static final class Choice implements TestInstancePostProcessor {
        @Override
        public void postProcessTestInstance(Object instance, ExtensionContext context) {
            ((MutantSubject) instance).mutant =
                    context.getConfigurationParameter(MUTANT).map(Mutant::named).orElse(SOUND);
        }
    }

    @Override
    protected SandboxBackend backend() {
        return mutant.over(provider);
    }

    @Override
    protected Duration patience() {
        return mutant.equals(SOUND) ? super.patience() : Duration.ofSeconds(2);
    }

    @Override
    protected boolean leaveHalfMade(ProvisionRequest request) {
        provider.leaveHalfMade(request);
        return true;
    }
}
