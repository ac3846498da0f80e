package dev.sandkeeper.examples;

import java.util.List;

/** Tells what is on the host, or at the engine, without asking Sandkeeper: a library cannot vouch for itself. */
interface Witness {
    /** Counts the processes of this deployment's sandboxes that have an argument with this text in it. */
    long processes(String text);

    /** Names whatever there is of this deployment. */
    List<String> left();
}
