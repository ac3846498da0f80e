package dev.sandkeeper.testsupport;

import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** Asks once a run for each component. */
final class NeedsCondition implements ExecutionCondition {
    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(NeedsCondition.class);

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        Optional<Needs> needs = AnnotationSupport.findAnnotation(context.getElement(), Needs.class);
        if (needs.isPresent()) {
            for (Component component : needs.get().value()) {
                Optional<?> problem = context.getRoot()
                        .getStore(NAMESPACE)
                        .getOrComputeIfAbsent(component, Component::problem, Optional.class);
                if (problem.isPresent()) {
                    return ConditionEvaluationResult.disabled(problem.get().toString());
                }
            }
        }
        return ConditionEvaluationResult.enabled("what it needs is here");
    }
}
