package dev.sandkeeper.internal;

import dev.sandkeeper.BackgroundLog;
import dev.sandkeeper.BackgroundStatus;
import dev.sandkeeper.CapturedOutput;
import dev.sandkeeper.ExitStatus;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what {@link BackgroundScript} answers: hostile input. */
final class BackgroundAnswers {
    /** Of a log, head and tail are shown up to this together. */
    static final int SHOWN = 1 << 20;

    private static final Pattern STATUS = Pattern.compile("([A-Za-z0-9._-]{1,64}) [0-9a-f]{32} ([0-9]{1,11})"
            + " (running|lost|ended)(?: ([0-9]{1,3}) ([01]) ([0-9]{1,11}))? ?");
    private static final Pattern SIZES = Pattern.compile("([0-9]{1,18}) ([0-9]{1,6}) ([0-9]{1,6}) ([0-9]{1,6})");
    private static final int LONGEST_LINE = 64;

    private BackgroundAnswers() {}

    /** Who knows whether a command runs that has noted no end. */
    interface Lives {
        boolean test(String name, boolean told);
    }

    /** One line; nothing if it is malformed. */
    static Optional<BackgroundStatus> status(String line, Lives lives) {
        Matcher matcher = STATUS.matcher(line);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String name = matcher.group(1);
        Instant startedAt = Instant.ofEpochSecond(Long.parseLong(matcher.group(2)));
        if (!matcher.group(3).equals("ended")) {
            boolean runs = lives.test(name, matcher.group(3).equals("running"));
            return Optional.of(new BackgroundStatus(
                    name, runs ? BackgroundStatus.State.RUNNING : BackgroundStatus.State.LOST, null, startedAt, null));
        }
        if (matcher.group(4) == null) {
            return Optional.empty();
        }
        return Optional.of(new BackgroundStatus(
                name,
                BackgroundStatus.State.EXITED,
                new ExitStatus(
                        Integer.parseInt(matcher.group(4)) & 0xff,
                        matcher.group(5).equals("1")),
                startedAt,
                Instant.ofEpochSecond(Long.parseLong(matcher.group(6)))));
    }

    /** Both streams; nothing if the answer is malformed. */
    static Optional<BackgroundLog> log(byte[] answer) {
        Reader reader = new Reader(answer);
        Optional<CapturedOutput> stdout = reader.stream();
        Optional<CapturedOutput> stderr = reader.stream();
        return stdout.isPresent() && stderr.isPresent() && reader.atEnd()
                ? Optional.of(new BackgroundLog(stdout.get(), stderr.get()))
                : Optional.empty();
    }

    private static final class Reader {
        private final byte[] answer;
        private int position;

        Reader(byte[] answer) {
            this.answer = answer;
        }

        boolean atEnd() {
            return position == answer.length;
        }

        Optional<CapturedOutput> stream() {
            int end = position;
            while (end < answer.length && answer[end] != '\n' && end - position <= LONGEST_LINE) {
                end++;
            }
            Matcher sizes = SIZES.matcher(new String(answer, position, end - position, StandardCharsets.ISO_8859_1));
            if (!sizes.matches()) {
                return Optional.empty();
            }
            long dropped = Long.parseLong(sizes.group(1));
            int head = Integer.parseInt(sizes.group(2));
            int tail = Integer.parseInt(sizes.group(3)) + Integer.parseInt(sizes.group(4));
            int from = end + 1;
            if (answer.length - from < head + tail) {
                return Optional.empty();
            }
            position = from + head + tail;
            return Optional.of(captured(from, head, tail, dropped));
        }

        private CapturedOutput captured(int from, int head, int tail, long dropped) {
            int keptTail = Math.min(tail, SHOWN / 2);
            int keptHead =
                    dropped == 0 ? Math.min(head + tail - keptTail, SHOWN - keptTail) : Math.min(head, SHOWN / 2);
            byte[] first = Arrays.copyOfRange(answer, from, from + keptHead);
            byte[] last = Arrays.copyOfRange(answer, from + head + tail - keptTail, from + head + tail);
            return new CapturedOutput(first, last, dropped + head + tail);
        }
    }
}
