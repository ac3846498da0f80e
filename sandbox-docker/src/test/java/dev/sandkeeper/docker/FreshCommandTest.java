package dev.sandkeeper.docker;

import org.junit.jupiter.api.Tag;

/** The same with an exec of the engine for each command. */
@Tag("long")
class FreshCommandTest extends CommandTest {
    @Override
    boolean fresh() {
        return true;
    }
}
