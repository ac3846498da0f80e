package dev.sandkeeper.examples;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.testsupport.HouseRules;
import dev.sandkeeper.testsupport.MainClasses;
import java.util.Set;

/** Who may know whom between modules. It is here because the examples see every backend. */
@AnalyzeClasses(packages = "dev.sandkeeper", importOptions = MainClasses.class)
class ArchitectureTest {
    /** Rooms that are no backend; any other name behind {@code dev.sandkeeper} is one. */
    private static final Set<String> ROOMS =
            Set.of("", "cleanup", "examples", "http", "internal", "metrics", "spi", "store", "testkit", "testsupport");

    private static final DescribedPredicate<JavaClass> BACKENDS =
            describe("are of a backend", c -> !ROOMS.contains(room(c)));

    @ArchTest
    static final ArchTests house = ArchTests.in(HouseRules.class);

    @ArchTest
    static final ArchRule backendsKnowTheSpiAndNotTheEngine = noClasses()
            .that(BACKENDS)
            .should()
            .dependOnClassesThat(describe(
                    "are facades, the store, the engine or tests",
                    c -> Set.of("cleanup", "store", "testkit", "testsupport").contains(room(c))
                            || c.isEquivalentTo(Sandbox.class)
                            || c.isEquivalentTo(SandboxManager.class)));

    @ArchTest
    static final ArchRule backendsDoNotKnowEachOther = slices().matching("dev.sandkeeper.(*)..")
            .that(describe("are backends", slice -> slice.stream().allMatch(BACKENDS)))
            .should()
            .notDependOnEachOther();

    @ArchTest
    static final ArchRule simulatorsDoNotKnowEachOther = slices().matching("dev.sandkeeper.testkit.simulator.(*)..")
            .should()
            .notDependOnEachOther()
            .ignoreDependency(alwaysTrue(), resideInAPackage("dev.sandkeeper.testkit.simulator.internal"));

    @ArchTest
    static final ArchRule metricsAreFedByEventsAlone = noClasses()
            .that(describe("are of the metrics", c -> room(c).equals("metrics")))
            .should()
            .dependOnClassesThat(describe(
                    "are anything else of ours than values",
                    c -> !Set.of("", "metrics").contains(room(c))
                            || c.isEquivalentTo(Sandbox.class)
                            || c.isEquivalentTo(SandboxManager.class)));

    private static String room(JavaClass c) {
        String inside = c.getPackageName().replaceFirst("^dev\\.sandkeeper\\.?", "");
        return c.getPackageName().startsWith("dev.sandkeeper") ? inside.replaceFirst("\\..*", "") : "";
    }
}
