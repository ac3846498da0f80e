package dev.sandkeeper.testkit.simulator.daytona;

/** Nothing answers where the toolbox should be: the proxy in front of it says so, with an empty body. */
final class DaytonaDown extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DaytonaDown() {
        super("the sandbox does not run", null, false, false);
    }
}
