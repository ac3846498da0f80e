package dev.sandkeeper.docker;

/**
 * How a running command's processes are recognised.
 *
 * @param tag in its environment
 * @param session the kernel's audit session, or {@code -} where the kernel gives none
 * @param pid of its first process, in the sandbox
 */
record Target(String tag, String session, int pid) {}
