package dev.sandkeeper;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import dev.sandkeeper.spi.BackendHealth;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.testsupport.HouseRules;
import dev.sandkeeper.testsupport.MainClasses;
import java.util.Set;

/** Who may know whom inside core. Between modules: {@code ArchitectureTest} of the examples, which see them all. */
@AnalyzeClasses(packages = "dev.sandkeeper", importOptions = ArchitectureTest.CoreOnly.class)
class ArchitectureTest {
    private static final String ROOT = "dev.sandkeeper";
    private static final String[] ROOMS = {
        "dev.sandkeeper.spi..", "dev.sandkeeper.store..", "dev.sandkeeper.cleanup..", "dev.sandkeeper.internal.."
    };
    private static final DescribedPredicate<JavaClass> FACADES = describe(
            "the facades, what they hand out and what only they can see",
            c -> c.getPackageName().equals(ROOT)
                    && (Set.of("Sandbox", "SandboxManager", "SandboxProcess", "SandboxFiles", "BackgroundCommand")
                                    .contains(outermost(c).getSimpleName())
                            || !outermost(c).getModifiers().contains(JavaModifier.PUBLIC)));

    @ArchTest
    static final ArchTests house = ArchTests.in(HouseRules.class);

    @ArchTest
    static final ArchRule coreNamesNoOtherModule = classes()
            .should()
            .onlyDependOnClassesThat(not(resideInAPackage("dev.sandkeeper.."))
                    .or(resideInAPackage(ROOT).or(resideInAnyPackage(ROOMS))))
            .because("every arrow points to core");

    /** What an application asks for by name, and how a backend is, are values too. */
    @ArchTest
    static final ArchRule valuesAreOnlyValues = noClasses()
            .that(resideInAPackage(ROOT).and(not(FACADES)))
            .should()
            .dependOnClassesThat(
                    resideInAnyPackage(ROOMS).and(not(type(Capability.class))).and(not(type(BackendHealth.class))))
            .because("only the facades look behind the root package");

    @ArchTest
    static final ArchRule nobodyBehindTheFacadesSeesThem = noClasses()
            .that(resideInAnyPackage(ROOMS))
            .should()
            .dependOnClassesThat(FACADES)
            .because("they see the root's values");

    @ArchTest
    static final ArchRule theStoreKnowsRowsAndValues = noClasses()
            .that(resideInAPackage("dev.sandkeeper.store.."))
            .should()
            .dependOnClassesThat(resideInAnyPackage("dev.sandkeeper.spi..", "dev.sandkeeper.cleanup.."));

    @ArchTest
    static final ArchRule theSpiKnowsNoEngine = noClasses()
            .that(resideInAPackage("dev.sandkeeper.spi.."))
            .should()
            .dependOnClassesThat(resideInAnyPackage("dev.sandkeeper.store..", "dev.sandkeeper.cleanup.."));

    @ArchTest
    static final ArchRule cleanupSeesRowsNotTheStore = noClasses()
            .that(resideInAnyPackage("dev.sandkeeper.cleanup..", "dev.sandkeeper.internal.."))
            .should()
            .dependOnClassesThat(resideInAPackage("dev.sandkeeper.store.."));

    @ArchTest
    static final ArchRule onlyTheStoreKnowsSql = noClasses()
            .that(not(resideInAPackage("dev.sandkeeper.store..")))
            .should()
            .dependOnClassesThat(
                    resideInAnyPackage("java.sql..", "javax.sql..", "org.jdbi..", "org.h2..", "com.zaxxer.."));

    /** Spring Boot runs it on the host's own tables wherever it is on the class path. */
    @ArchTest
    static final ArchRule nobodyNeedsFlyway =
            noClasses().should().dependOnClassesThat(resideInAPackage("org.flywaydb.."));

    private static JavaClass outermost(JavaClass c) {
        return c.getEnclosingClass().map(ArchitectureTest::outermost).orElse(c);
    }

    static final class CoreOnly implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return new MainClasses().includes(location) && !location.contains("/dev/sandkeeper/testsupport/");
        }
    }
}
