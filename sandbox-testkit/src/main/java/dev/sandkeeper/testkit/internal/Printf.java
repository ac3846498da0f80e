package dev.sandkeeper.testkit.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;

/** printf(1) with {@code %s}, {@code %d}, {@code %%} and the escapes of its format. */
final class Printf {
    private Printf() {}

    static int run(Proc proc, List<String> arguments) throws IOException {
        if (arguments.size() < 2) {
            return Tools.fail(proc, "printf", "no format");
        }
        byte[] format = Names.encode(arguments.get(1));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int next = 2;
        do {
            int before = next;
            next = once(format, arguments, next, out);
            if (next < 0) {
                return Tools.fail(proc, "printf", "this format is not simulated");
            }
            if (next == before) {
                break;
            }
        } while (next < arguments.size());
        byte[] bytes = out.toByteArray();
        proc.write(1, bytes, 0, bytes.length);
        return 0;
    }

    /** Uses the format once; answers the first argument that it has not used. */
    private static int once(byte[] format, List<String> arguments, int first, ByteArrayOutputStream out) {
        int next = first;
        for (int i = 0; i < format.length; i++) {
            if (format[i] == '%' && i + 1 < format.length) {
                i++;
                if (format[i] == '%') {
                    out.write('%');
                } else if (format[i] == 's' || format[i] == 'd') {
                    out.writeBytes(Names.encode(next < arguments.size() ? arguments.get(next) : ""));
                    next++;
                } else {
                    return -1;
                }
            } else if (format[i] == '\\' && i + 1 < format.length) {
                i = escape(format, i + 1, out);
            } else {
                out.write(format[i]);
            }
        }
        return next;
    }

    private static int escape(byte[] format, int at, ByteArrayOutputStream out) {
        int end = at;
        int octal = 0;
        while (end < format.length && end < at + 3 && format[end] >= '0' && format[end] <= '7') {
            octal = octal * 8 + format[end++] - '0';
        }
        if (end > at) {
            out.write(octal);
            return end - 1;
        }
        switch (format[at]) {
            case 'n' -> out.write('\n');
            case 't' -> out.write('\t');
            case 'r' -> out.write('\r');
            case '\\' -> out.write('\\');
            default -> {
                out.write('\\');
                out.write(format[at]);
            }
        }
        return at;
    }
}
