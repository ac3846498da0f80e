package dev.sandkeeper.testsupport;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.time.Clock;
import java.time.temporal.Temporal;
import java.util.Date;

/** What holds in every module; a module's {@code ArchitectureTest} includes these. */
public final class HouseRules {
    /** What is compared with a row is the store's time, so that a host whose clock is wrong does no harm. */
    @ArchTest
    public static final ArchRule nobodyReadsTheWallClock = noClasses()
            .should()
            .callCodeUnitWhere(readsTheWallClock())
            .because("time comes in as a parameter, from a Clock or from the store")
            .allowEmptyShould(true);

    /**
     * A builder may have one as its default, and so may a factory method of the class that takes a clock, and a method that
     * subclasses override.
     */
    @ArchTest
    public static final ArchRule onlyWiringChoosesTheClock = noClasses()
            .should()
            .callCodeUnitWhere(describe(
                    "it makes a system clock",
                    call -> call.getTargetOwner().isEquivalentTo(Clock.class)
                            && call.getName().startsWith("system")
                            && !isWiring(call.getOrigin())))
            .because("a test could not choose it")
            .allowEmptyShould(true);

    @ArchTest
    public static final ArchRule nobodyPrints = noClasses()
            .that(describe("are neither programs nor examples", c -> !isProgram(c)))
            .should(GeneralCodingRules.ACCESS_STANDARD_STREAMS)
            .because("a library has a logger; the terminal is its caller's")
            .allowEmptyShould(true);

    private HouseRules() {}

    private static boolean isProgram(JavaClass c) {
        return c.tryGetMethod("main", String[].class).isPresent()
                || c.getPackageName().equals("dev.sandkeeper.examples");
    }

    private static boolean isWiring(JavaCodeUnit caller) {
        boolean makesItsOwnClass = caller.getModifiers().contains(JavaModifier.STATIC)
                && caller.getRawReturnType().equals(caller.getOwner());
        boolean isForSubclassesToReplace = caller.getModifiers().contains(JavaModifier.PROTECTED)
                && caller.getRawReturnType().isEquivalentTo(Clock.class);
        return makesItsOwnClass
                || isForSubclassesToReplace
                || caller.getOwner().getSimpleName().endsWith("Builder");
    }

    private static DescribedPredicate<JavaCall<?>> readsTheWallClock() {
        return describe("it reads the wall clock", call -> {
            boolean noClockGiven = call.getTarget().getRawParameterTypes().isEmpty();
            return switch (call.getName()) {
                case "currentTimeMillis" -> call.getTargetOwner().isEquivalentTo(System.class);
                case "now" -> noClockGiven && call.getTargetOwner().isAssignableTo(Temporal.class);
                case "<init>" -> noClockGiven && call.getTargetOwner().isEquivalentTo(Date.class);
                default -> false;
            };
        });
    }
}
