package dev.sandkeeper.docker;

/** The same with an exec of the engine for each command. */
class FreshCommandTest extends CommandTest {
    @Override
    boolean fresh() {
        return true;
    }
}
