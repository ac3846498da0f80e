package dev.sandkeeper.engine;

import static net.bytebuddy.matcher.ElementMatchers.named;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.instrument.Instrumentation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.loading.ClassReloadingStrategy;

/** An agent that puts the clock of its JVM forward: every {@link Clock} of the system, and {@link Instant#now}. */
public final class WrongClock {
    static final Duration AHEAD = Duration.ofMinutes(10);

    private WrongClock() {}

    /** The option of {@code java} that loads it, with a jar in that directory. */
    static String option(Path directory) throws IOException {
        Path jar = directory.resolve("wrong-clock.jar");
        Manifest manifest = new Manifest();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.putValue("Premain-Class", WrongClock.class.getName());
        attributes.putValue("Can-Redefine-Classes", "true");
        try (OutputStream file = Files.newOutputStream(jar)) {
            new JarOutputStream(file, manifest).close();
        }
        return "-javaagent:" + jar;
    }

    public static void premain(String arguments, Instrumentation instrumentation) {
        new ByteBuddy()
                .redefine(Clock.class, ClassFileLocator.ForClassLoader.ofPlatformLoader())
                .visit(Advice.to(Shift.class).on(named("currentInstant")))
                .make()
                .load(null, ClassReloadingStrategy.of(instrumentation));
    }

    /** Copied into {@link Clock}, which sees no class of ours. */
    private static final class Shift {
        private Shift() {}

        @Advice.OnMethodExit
        @SuppressWarnings("UnusedVariable") // it is what the method returns
        static void shift(@Advice.Return(readOnly = false) Instant now) {
            now = now.plusSeconds(600);
        }
    }
}
