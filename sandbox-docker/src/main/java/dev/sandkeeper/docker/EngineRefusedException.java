package dev.sandkeeper.docker;

import java.io.IOException;

/** The engine answered, with an error. */
final class EngineRefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int status;

    EngineRefusedException(EngineResponse response) {
        super(response.message());
        this.status = response.status();
    }

    int status() {
        return status;
    }

    String engineMessage() {
        return String.valueOf(getMessage());
    }
}
