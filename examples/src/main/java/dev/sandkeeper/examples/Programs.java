package dev.sandkeeper.examples;

import java.util.ArrayList;
import java.util.List;

/** The programs that {@link Tour} runs: in Python where the sandbox has it, else for its shell. */
record Programs(boolean python) {
    String language() {
        return python ? "python3" : "sh";
    }

    /** Reads {@code input.txt}, writes {@code output.txt}, prints on both streams and exits with 3. */
    String report() {
        return python ? """
                import sys

                numbers = [int(line) for line in open("input.txt")]
                with open("output.txt", "w") as output:
                    output.write("sum=%d max=%d\\n" % (sum(numbers), max(numbers)))
                print("read %d numbers" % len(numbers))
                print("leaving with 3", file=sys.stderr)
                sys.exit(3)
                """ : """
                count=0 sum=0 max=0
                while read -r number; do
                    count=$((count + 1)) sum=$((sum + number))
                    if [ "$number" -gt "$max" ]; then max=$number; fi
                done < input.txt
                echo "sum=$sum max=$max" > output.txt
                echo "read $count numbers"
                echo "leaving with 3" >&2
                exit 3
                """;
    }

    /**
     * Starts three children that ignore TERM, one of them in a session of its own where there is setsid, and waits for them
     * for ever. Each of them has the marker as an argument.
     */
    static String runaway() {
        return """
                trap '' TERM
                child='trap "" TERM; while :; do sleep 1; done'
                setsid=
                if command -v setsid >/dev/null; then setsid=setsid; fi
                sh -c "$child" "$1" &
                sh -c "$child" "$1" &
                $setsid sh -c "$child" "$1" &
                echo "started three children"
                wait
                while :; do sleep 1; done
                """;
    }

    /** Tries to reach one host and port after the other, prints what happened, and exits with 0 if one was reached. */
    List<String> connect(List<String> targets) {
        String program = python ? """
                import socket, sys

                reached = 1
                for target in sys.argv[1:]:
                    host, port = target.split(" ")
                    try:
                        socket.create_connection((host, int(port)), 2).close()
                        print(host, "reached")
                        reached = 0
                    except OSError as e:
                        print(host, e.strerror or e)
                sys.exit(reached)
                """ : """
                reached=1
                for target; do
                    set -- $target
                    if command -v bash >/dev/null; then
                        bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$1" "$2"
                    elif command -v nc >/dev/null; then
                        nc -w 2 "$1" "$2" </dev/null
                    else
                        echo "no program for it, routes:"; cat /proc/net/route; [ "$(wc -l </proc/net/route)" -gt 1 ]
                    fi && { echo "$1 reached"; reached=0; }
                done 2>&1
                exit "$reached"
                """;
        List<String> command =
                new ArrayList<>(python ? List.of("python3", "-c", program) : List.of("sh", "-c", program, "connect"));
        command.addAll(targets);
        return command;
    }
}
