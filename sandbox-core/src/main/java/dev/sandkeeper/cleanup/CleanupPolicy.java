package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxInfo;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Decides whether a sandbox must go: a pure function of what the store knows of it and of the store's time. It is asked
 * when the sandbox is due, which is at the latest once in every {@link CleanupSettings#reviewInterval()}, on a thread of the
 * engine, from many threads at a time.
 *
 * <p>One that throws, answers null, or takes longer than 5 seconds keeps the sandbox until the next review, and is logged; it
 * does not stop the engine. A {@link Decision.Keep} is asked about again when it says so, but at the earliest after a second
 * if that time has passed already, and at the latest at the next review.
 *
 * <p>The policies that ask the host, such as {@link #ownerGone}, call it during each review, so it should answer soon.
 */
@FunctionalInterface
public interface CleanupPolicy {
    /**
     * Decides.
     *
     * @param sandbox what the store knows
     * @param now the store's time
     * @return what to do
     */
    Decision decide(SandboxInfo sandbox, Instant now);

    /**
     * Ends a sandbox when its time to live is over: the one of its spec, or else that of its
     * {@link dev.sandkeeper.Retention}. One of {@link dev.sandkeeper.Retention#PERMANENT} has no such end.
     *
     * @return the policy {@code time_to_live}
     */
    static CleanupPolicy timeToLive() {
        return Policies.timeToLive();
    }

    /**
     * Ends a sandbox that was without activity for its own idle timeout; running commands and open streams are activity, in
     * whatever JVM. One without such a timeout is kept.
     *
     * @return the policy {@code idle}
     */
    static CleanupPolicy idle() {
        return Policies.idle();
    }

    /**
     * Ends a sandbox so long after its creation, however often it was renewed.
     *
     * @param age more than 0
     * @return the policy {@code maximum_age}
     */
    static CleanupPolicy maximumAge(Duration age) {
        return Policies.maximumAge(age);
    }

    /**
     * Ends a sandbox that has cost so much: its age times a price, whether it was used or not.
     *
     * @param pricePerHour in any currency; more than 0
     * @param most in the same currency; more than 0
     * @return the policy {@code budget}
     */
    static CleanupPolicy budget(BigDecimal pricePerHour, BigDecimal most) {
        return Policies.budget(pricePerHour, most);
    }

    /**
     * Ends a sandbox whose workflow has ended well; one that failed is kept, so that somebody can look into it.
     *
     * @param statusOf asks the host how the sandbox's workflow ended; nothing while it runs, or if there is none
     * @param successful those statuses that end the sandbox
     * @return the policy {@code workflow}
     */
    static CleanupPolicy workflowOutcome(Function<SandboxInfo, Optional<String>> statusOf, Set<String> successful) {
        return Policies.workflowOutcome(statusOf, successful);
    }

    /**
     * Ends a sandbox whose owner does not exist any more. One without an owner is kept.
     *
     * @param exists asks the host whether an owner exists; if it cannot know it must throw, not answer false
     * @return the policy {@code owner_gone}
     */
    static CleanupPolicy ownerGone(Predicate<String> exists) {
        return Policies.ownerGone(exists);
    }

    /**
     * Ends a sandbox that the host says is not healthy.
     *
     * @param check asks the host whether it is healthy; if it cannot know it must throw, not answer false
     * @return the policy {@code unhealthy}
     */
    static CleanupPolicy unhealthy(Predicate<SandboxInfo> check) {
        return Policies.unhealthy(check);
    }

    /**
     * Pauses a sandbox where another policy would end it. Composed with a policy that ends it at last:
     * {@code anyOf(timeToLive(), pausing(idle()))}. One that is paused already is kept.
     *
     * @param policy when
     * @return the policy; it has the other one's name and reasons
     */
    static CleanupPolicy pausing(CleanupPolicy policy) {
        return Policies.pausing(policy);
    }

    /**
     * Does what the first of several policies says that does not keep the sandbox, and asks again when the first of them
     * wants to.
     *
     * @param policies asked in this order; at least one
     * @return the composed policy
     */
    static CleanupPolicy anyOf(CleanupPolicy... policies) {
        return Policies.anyOf(List.of(policies));
    }

    /**
     * Ends or pauses a sandbox when all of several policies want that, and pauses it where one of them only wants to pause;
     * asks again when the last of those that keep it wants to.
     *
     * @param policies at least one; the name and reason are those of the last
     * @return the composed policy
     */
    static CleanupPolicy allOf(CleanupPolicy... policies) {
        return Policies.allOf(List.of(policies));
    }

    /**
     * Ends what another policy keeps, and keeps what it ends or pauses. Of use within {@link #allOf}.
     *
     * @param policy the other one
     * @return the policy {@code not}
     */
    static CleanupPolicy not(CleanupPolicy policy) {
        return Policies.not(policy);
    }

    /**
     * Applies a policy to sandboxes with a label, and keeps all others.
     *
     * @param name the label's name
     * @param value the label's value
     * @param policy for those that have it
     * @return the policy
     */
    static CleanupPolicy forLabel(String name, String value, CleanupPolicy policy) {
        return Policies.where(sandbox -> value.equals(sandbox.labels().get(name)), "not labelled " + name, policy);
    }

    /**
     * Applies a policy to sandboxes of an owner, and keeps all others.
     *
     * @param owner the owner
     * @param policy for that one's
     * @return the policy
     */
    static CleanupPolicy forOwner(String owner, CleanupPolicy policy) {
        return Policies.where(sandbox -> owner.equals(sandbox.owner().orElse(null)), "not of owner " + owner, policy);
    }
}
