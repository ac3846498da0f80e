package dev.sandkeeper.testkit.internal;

import dev.sandkeeper.Command;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.KillSubject;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** The host that is killed: does what it is told, prints how far it is, and waits for its end. */
public final class KillVictim {
    /** Short, so that a test sees what a lapsed lease leads to. */
    public static final Duration LEASE = Duration.ofSeconds(2);

    private KillVictim() {}

    /**
     * Runs until it is killed.
     *
     * @param arguments the subject's class, the store's directory or URL, what to be killed at, and seconds of a command
     *     without end
     * @throws ReflectiveOperationException if the subject cannot be made
     * @throws InterruptedException never
     */
    public static void main(String[] arguments) throws ReflectiveOperationException, InterruptedException {
        KillSubject subject = Class.forName(arguments[0])
                .asSubclass(KillSubject.class)
                .getDeclaredConstructor()
                .newInstance();
        String moment = arguments[2];
        SandboxStore store = open(arguments[1]);
        SandboxManager manager = SandboxManager.builder()
                .backend(telling(subject.backend()))
                .store(store)
                .cleanup(CleanupSettings.builder().lease(LEASE).build())
                .build();
        say("DEPLOYMENT " + store.deployment());
        SandboxSpec.Builder spec = subject.spec().toBuilder();
        Sandbox sandbox = manager.create(
                moment.equals("process") ? spec.lifetime(Lifetime.PROCESS).build() : spec.build());
        say("ACTIVE " + sandbox.id());
        switch (moment) {
            case "exec" ->
                sandbox.exec(
                        Command.shell("echo kept > /workspace/note; echo running; sleep " + arguments[3] + "; true"));
            case "start" -> {
                sandbox.start(Command.shell("echo kept > /workspace/note; sleep " + arguments[3] + "; true"));
                say("RUNNING");
            }
            case "terminal" -> {
                // deaf to the hang-up, as what wants to stay is
                String program = "trap '' HUP TERM INT; sleep " + arguments[3] + "; true";
                sandbox.start(
                        Command.builder("sh", "-c", program).terminal(80, 24).build());
                say("RUNNING");
            }
            case "background" -> {
                sandbox.startInBackground("job", Command.shell("echo begun; sleep " + arguments[3] + "; true"));
                say("RUNNING");
            }
            case "destroy" -> sandbox.destroy();
            default -> say("WAITING");
        }
        new CountDownLatch(1).await();
    }

    /**
     * Opens a store.
     *
     * @param place a directory, or a URL of JDBC
     * @return the store
     */
    public static SandboxStore open(String place) {
        return place.startsWith("jdbc:")
                ? SandboxStore.builder().at(place, null, null).open()
                : SandboxStore.embedded(Path.of(place));
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    /** Prints when the provider is asked to create or destroy, before it is. */
    private static SandboxBackend telling(SandboxBackend backend) {
        InvocationHandler handler = (proxy, method, parameters) -> {
            if (method.getName().equals("create")) {
                say("INTENT " + ((ProvisionRequest) parameters[0]).sandboxId());
            } else if (method.getName().equals("destroy")) {
                say("DESTROYING " + parameters[0]);
            }
            try {
                Object answer = method.invoke(backend, parameters);
                if (answer instanceof BackendSandbox) {
                    say("ANSWERED");
                }
                return answer;
            } catch (InvocationTargetException e) {
                throw e.getCause() == null ? e : e.getCause();
            }
        };
        return (SandboxBackend) Proxy.newProxyInstance(
                KillVictim.class.getClassLoader(), new Class<?>[] {SandboxBackend.class}, handler);
    }
}
