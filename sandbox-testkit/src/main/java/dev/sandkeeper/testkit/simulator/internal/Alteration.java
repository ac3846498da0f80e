package dev.sandkeeper.testkit.simulator.internal;

import java.util.List;

/**
 * Changes what a simulator answers just before it is sent: how deliberate defects are planted that a check must find. Safe from
 * many threads. The default of each method changes nothing.
 */
public interface Alteration {
    /** Changes nothing. */
    Alteration NONE = new Alteration() {};

    /**
     * Changes a whole answer.
     *
     * @param exchange what it answers
     * @param answer what is to be sent
     * @return what is sent instead
     */
    default Answer answer(Exchange exchange, Answer answer) {
        return answer;
    }

    /**
     * Changes the status and headers of a streamed answer, whose body is not looked at.
     *
     * @param exchange what it answers
     * @param head without a body
     * @return what is sent instead
     */
    default Answer head(Exchange exchange, Answer head) {
        return head;
    }

    /**
     * Changes a message of a streamed answer or of a WebSocket.
     *
     * @param exchange what it answers
     * @param number of the message, from 0
     * @param message what is to be sent
     * @return what is sent instead: nothing, this one or several
     */
    default List<byte[]> message(Exchange exchange, int number, byte[] message) {
        return List.of(message);
    }
}
