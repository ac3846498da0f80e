package dev.sandkeeper.http;

import dev.sandkeeper.internal.Deadline;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/** How far one attempt has come, and what ends it when it does not come further. */
final class Progress extends EventListener {
    /** What has ended a call that did not end by itself. */
    enum Ended {
        /** Nothing of ours has. */
        NOT,
        /** No head of an answer came in time. */
        HEAD,
        /** The whole took too long. */
        WHOLE
    }

    private static final Duration LONGEST_WATCHED = Duration.ofDays(3650);

    private final Watchdog watchdog;
    private final Duration connect;
    private final Duration head;
    private final boolean streams;

    private volatile boolean sent;
    private volatile boolean answered;
    private volatile Ended ended = Ended.NOT;
    private volatile @Nullable Call call;
    private @Nullable Future<?> headTimer;
    private @Nullable Future<?> wholeTimer;

    /** @param streams whether the request has a body that takes as long as its source */
    Progress(Watchdog watchdog, Duration connect, Duration head, boolean streams) {
        this.watchdog = watchdog;
        this.connect = connect;
        this.head = head;
        this.streams = streams;
    }

    /** Whether the provider may have seen anything of the request. */
    boolean sent() {
        return sent;
    }

    /** Whether the head of an answer has come. */
    boolean answered() {
        return answered;
    }

    Ended ended() {
        return ended;
    }

    void start(Call call, Deadline whole) {
        this.call = call;
        if (whole.time().compareTo(LONGEST_WATCHED) < 0) {
            wholeTimer = watch(whole.time(), Ended.WHOLE);
        }
        arm(connect.plus(head));
    }

    private Future<?> watch(Duration time, Ended reason) {
        return watchdog.after(time, () -> {
            if (ended == Ended.NOT) {
                ended = reason;
            }
            Call running = call;
            if (running != null) {
                running.cancel();
            }
        });
    }

    private synchronized void arm(Duration time) {
        disarm();
        if (!answered) {
            headTimer = watch(time, Ended.HEAD);
        }
    }

    private synchronized void disarm() {
        if (headTimer != null) {
            headTimer.cancel(false);
            headTimer = null;
        }
    }

    /** The head of an answer has come: only the whole is watched from here. */
    void headCame() {
        answered = true;
        disarm();
    }

    /** It is over. */
    void done() {
        headCame();
        Future<?> timer = wholeTimer;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    @Override
    public void requestHeadersStart(Call call) {
        sent = true;
        if (streams) {
            disarm(); // what the source takes is its own affair; that the other side takes it is watched by each write
        }
    }

    @Override
    public void requestBodyEnd(Call call, long byteCount) {
        if (streams) {
            try {
                arm(head);
            } catch (RejectedExecutionException e) {
                call.cancel(); // the client was closed meanwhile
            }
        }
    }

    @Override
    public void responseHeadersEnd(Call call, okhttp3.Response response) {
        headCame();
    }

    /** What a request is watched by. */
    static @Nullable Progress of(Request request) {
        return request.tag(Progress.class);
    }
}
