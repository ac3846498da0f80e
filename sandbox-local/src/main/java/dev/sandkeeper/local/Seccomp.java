package dev.sandkeeper.local;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The filter of system calls (seccomp(2)) that every command runs under: what reaches far into the kernel and no ordinary program
 * needs is refused with EPERM. Everything else passes; the namespaces and the missing capabilities are the wall, this is the
 * fence before it.
 */
final class Seccomp {
    private static final int LOAD_WORD = 0x20;
    private static final int JUMP_EQUAL = 0x15;
    private static final int JUMP_GREATER_EQUAL = 0x35;
    private static final int JUMP_ANY_BIT = 0x45;
    private static final int RETURN = 0x06;

    private static final int OFFSET_NUMBER = 0;
    private static final int OFFSET_ARCHITECTURE = 4;
    /** The low half of the first argument on a little-endian machine. */
    private static final int OFFSET_FIRST_ARGUMENT = 16;

    private static final int ALLOW = 0x7FFF0000;
    private static final int REFUSE = 0x00050000 | 1; // EPERM
    private static final int UNKNOWN = 0x00050000 | 38; // ENOSYS
    private static final int KILL = 0x80000000;

    /** Calls above this number belong to the x32 ABI of x86-64. */
    private static final int X32 = 0x40000000;
    /** CLONE_NEWTIME, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWNS. */
    private static final int NEW_NAMESPACES = 0x7E020000;
    /** The same without CLONE_NEWTIME, whose bit means part of a signal's number to clone. */
    private static final int NEW_USER = 0x10000000;

    private Seccomp() {}

    /** The tables of one architecture. Numbers from the kernel's own tables. */
    private record Table(
            int architecture, boolean hasX32, int cloneCall, int unshare, int clone3, List<Integer> refused) {}

    // ptrace 101, add_key 248, request_key 249, keyctl 250, bpf 321, perf_event_open 298, io_uring 425-427, userfaultfd
    // 323,
    // mount 165, umount2 166, pivot_root 155, fsopen.. 428-433, mount_setattr 442, kexec 246 320, modules 175 176 313,
    // swap 167 168, reboot 169, setns 308, process_vm 310 311, chroot 161, open_by_handle_at 304, acct 163,
    // settimeofday 164,
    // clock_settime 227, adjtimex 159, clock_adjtime 305, quotactl 179, syslog 103, iopl 172, ioperm 173, move_pages
    // 279,
    // migrate_pages 256, vmsplice is harmless; nfsservctl, uselib are gone
    private static final Table X86_64 = new Table(
            0xC000003E,
            true,
            56,
            272,
            435,
            List.of(
                    101, 248, 249, 250, 321, 298, 425, 426, 427, 323, 165, 166, 155, 428, 429, 430, 431, 432, 433, 442,
                    246, 320, 175, 176, 313, 167, 168, 169, 308, 310, 311, 161, 304, 163, 164, 227, 159, 305, 179, 103,
                    172, 173, 279, 256));

    // The same calls by the generic table (asm-generic/unistd.h); iopl and ioperm do not exist.
    private static final Table AARCH64 = new Table(
            0xC00000B7,
            false,
            220,
            97,
            435,
            List.of(
                    117, 217, 218, 219, 280, 241, 425, 426, 427, 282, 40, 39, 41, 428, 429, 430, 431, 432, 433, 442,
                    104, 294, 105, 106, 273, 224, 225, 142, 268, 270, 271, 51, 265, 89, 170, 112, 171, 266, 60, 116,
                    239, 238));

    /** The filter for an architecture as {@code os.arch} names it; empty where there is no table, and then nothing is filtered. */
    static byte[] filter(String architecture) {
        return switch (architecture.toLowerCase(Locale.ROOT)) {
            case "amd64", "x86_64" -> assemble(X86_64);
            case "aarch64", "arm64" -> assemble(AARCH64);
            default -> new byte[0];
        };
    }

    private static byte[] assemble(Table table) {
        List<long[]> program = new ArrayList<>();
        program.add(step(LOAD_WORD, 0, 0, OFFSET_ARCHITECTURE));
        program.add(step(JUMP_EQUAL, 1, 0, table.architecture()));
        program.add(step(RETURN, 0, 0, KILL));
        program.add(step(LOAD_WORD, 0, 0, OFFSET_NUMBER));
        if (table.hasX32()) {
            program.add(step(JUMP_GREATER_EQUAL, 0, 1, X32));
            program.add(step(RETURN, 0, 0, UNKNOWN));
        }
        for (int number : table.refused()) {
            program.add(step(JUMP_EQUAL, 0, 1, number));
            program.add(step(RETURN, 0, 0, REFUSE));
        }
        // Its flags are in memory, where no filter sees them; C libraries then use clone.
        program.add(step(JUMP_EQUAL, 0, 1, table.clone3()));
        program.add(step(RETURN, 0, 0, UNKNOWN));
        namespaces(program, table.cloneCall(), NEW_USER);
        namespaces(program, table.unshare(), NEW_NAMESPACES | 0x80);
        program.add(step(RETURN, 0, 0, ALLOW));
        ByteBuffer bytes = ByteBuffer.allocate(program.size() * 8).order(ByteOrder.nativeOrder());
        for (long[] step : program) {
            bytes.putShort((short) step[0])
                    .put((byte) step[1])
                    .put((byte) step[2])
                    .putInt((int) step[3]);
        }
        return bytes.array();
    }

    private static void namespaces(List<long[]> program, int number, int flags) {
        program.add(step(JUMP_EQUAL, 0, 4, number));
        program.add(step(LOAD_WORD, 0, 0, OFFSET_FIRST_ARGUMENT));
        program.add(step(JUMP_ANY_BIT, 0, 1, flags));
        program.add(step(RETURN, 0, 0, REFUSE));
        program.add(step(LOAD_WORD, 0, 0, OFFSET_NUMBER));
    }

    private static long[] step(int code, int ifTrue, int ifFalse, int value) {
        return new long[] {code, ifTrue, ifFalse, value};
    }
}
