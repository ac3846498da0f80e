package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * The contract catches each mutant, by the very tests that were written for it. {@link InMemoryContractTest} is the control:
 * the sound backend passes.
 */
@Tag("long")
class MutantsTest {
    @Test
    void everyMutantIsCaught() {
        StringBuilder table = new StringBuilder();
        for (Mutant mutant : Mutant.all()) {
            Set<String> caught = failures(mutant);
            table.append(String.format("%-45s %s%n", mutant.name(), String.join(", ", caught)));
            assertThat(caught)
                    .as("tests that catch %s; so far%n%s", mutant.name(), table)
                    .containsAll(mutant.caughtBy());
        }
        System.out.print(table);
        assertThat(Mutant.all()).hasSizeGreaterThanOrEqualTo(20);
    }

    private static Set<String> failures(Mutant mutant) {
        List<DiscoverySelector> tests = mutant.caughtBy().stream()
                .<DiscoverySelector>map(name -> selectMethod(MutantSubject.class, name))
                .toList();
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(tests)
                .configurationParameter(MutantSubject.MUTANT, mutant.name())
                .build();
        Failures failures = new Failures();
        LauncherFactory.create(LauncherConfig.builder()
                        .enableLauncherSessionListenerAutoRegistration(false)
                        .enableTestExecutionListenerAutoRegistration(false)
                        .build())
                .execute(request, failures);
        assertThat(failures.run).as("tests that ran on %s", mutant.name()).isGreaterThanOrEqualTo(tests.size());
        return failures.names;
    }

    private static final class Failures implements TestExecutionListener {
        private final Set<String> names = new TreeSet<>();
        private int run;

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (test.isTest()) {
                run++;
                if (result.getStatus() == TestExecutionResult.Status.FAILED) {
                    names.add(test.getDisplayName().replace("()", ""));
                }
            }
        }
    }
}
