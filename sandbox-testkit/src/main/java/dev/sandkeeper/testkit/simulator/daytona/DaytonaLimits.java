package dev.sandkeeper.testkit.simulator.daytona;

/**
 * What an organization may have; cores and GiB.
 *
 * @param cpu of one sandbox, as are the next two
 * @param totalCpu of all that run, as is the memory; the disk of all that exist
 */
record DaytonaLimits(long cpu, long memory, long disk, long totalCpu, long totalMemory, long totalDisk) {
    static final long LONGEST_ARCHIVE_MINUTES = 43_200;

    /** As the lowest tier has them for one sandbox, and room for many of them. */
    static DaytonaLimits generous() {
        return new DaytonaLimits(4, 8, 10, 10_000, 20_000, 100_000);
    }

    void checkOne(long wantedCpu, long wantedMemory, long wantedDisk) {
        check("CPU", wantedCpu, cpu, "");
        check("Memory", wantedMemory, memory, "GB");
        check("Disk", wantedDisk, disk, "GB");
    }

    private static void check(String what, long wanted, long most, String unit) {
        if (wanted > most) {
            throw DaytonaRefusal.bad(what + " request " + wanted + unit + " exceeds maximum allowed per sandbox ("
                    + most + unit + ").\nTo increase concurrency limits, upgrade your organization's Tier.");
        }
    }

    void checkAll(long wantedCpu, long wantedMemory, long wantedDisk) {
        checkTotal("CPU", wantedCpu, totalCpu, "");
        checkTotal("memory", wantedMemory, totalMemory, "GiB");
        checkTotal("disk", wantedDisk, totalDisk, "GiB");
    }

    private static void checkTotal(String what, long wanted, long most, String unit) {
        if (wanted > most) {
            throw DaytonaRefusal.bad("Total " + what + " limit exceeded. Maximum allowed: " + most + unit
                    + ".\nTo increase concurrency limits, upgrade your organization's Tier.");
        }
    }
}
