package dev.sandkeeper.cleanup;

import dev.sandkeeper.internal.Workers;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A bounded queue of bodies, and the thread that signs and posts them. */
final class WebhookSender {
    private static final Logger LOG = LoggerFactory.getLogger(WebhookSender.class);
    private static final String ALGORITHM = "HmacSHA256";
    private static final byte[] END = new byte[0];

    private final URI url;
    private final Mac mac;
    private final Clock clock;
    private final Duration timeout;
    private final Duration firstRetry;
    private final Duration longestRetry;
    private final int attempts;
    private final Duration closeWithin;
    private final BlockingQueue<byte[]> queue;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final AtomicLong delivered = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final AtomicLong dropped = new AtomicLong();
    private final ExecutorService answers =
            Executors.newCachedThreadPool(Workers.daemons("sandkeeper-webhook-answers"));
    private final HttpClient client;
    private final Thread thread;

    /** How an attempt came out. */
    private enum Outcome {
        TAKEN,
        REFUSED,
        AGAIN
    }

    WebhookSender(WebhookListener.Builder b) {
        url = b.url;
        mac = mac(b.secret);
        clock = b.clock;
        timeout = b.timeout;
        firstRetry = b.firstRetry;
        longestRetry = b.longestRetry;
        attempts = b.attempts;
        closeWithin = b.closeWithin;
        queue = new ArrayBlockingQueue<>(b.queue);
        // Version 1.1, because on plain HTTP the client would ask for an upgrade first, which not every receiver bears.
        client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(timeout)
                .executor(answers)
                .build();
        thread = Workers.daemons("sandkeeper-webhook").newThread(this::run);
        thread.start();
    }

    private static Mac mac(byte[] secret) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(secret, ALGORITHM));
            return mac;
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("every JDK has " + ALGORITHM, e);
        }
    }

    long delivered() {
        return delivered.get();
    }

    long failed() {
        return failed.get();
    }

    long dropped() {
        return dropped.get();
    }

    void offer(byte[] body) {
        boolean taken = closing.getCount() > 0 && queue.offer(body);
        boolean tooLate = taken && !thread.isAlive() && queue.remove(body);
        if (!taken || tooLate) {
            drop(1);
        }
    }

    /** Logs the first and then ever fewer: whoever drops many has no time to log. */
    private void drop(int count) {
        long all = dropped.addAndGet(count);
        if (Long.bitCount(all) == 1 || count > 1) {
            LOG.warn(
                    "dropped alerts for {}, {} by now: they come faster than they are taken, or too late", host(), all);
        }
    }

    private void run() {
        try {
            while (closing.getCount() > 0 || !queue.isEmpty()) {
                byte[] body = queue.take();
                if (body != END) {
                    deliver(body);
                }
            }
        } catch (InterruptedException e) {
            LOG.debug("ended before the queue was empty", e);
        }
    }

    private void deliver(byte[] body) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            boolean last = attempt >= attempts || closing.getCount() == 0;
            Outcome outcome;
            try {
                outcome = post(body);
            } catch (InterruptedException e) {
                drop(1);
                throw e;
            }
            if (outcome == Outcome.TAKEN) {
                delivered.incrementAndGet();
                return;
            }
            if (outcome == Outcome.REFUSED || last) {
                failed.incrementAndGet();
                LOG.error("gave up an alert for {} after {} attempts", host(), attempt);
                return;
            }
            pause(attempt);
        }
    }

    /** Until the next attempt, or until closing, when there is one last attempt. */
    private void pause(int attempt) throws InterruptedException {
        long longest = longestRetry.toMillis();
        long millis = attempt > 20 ? longest : Math.min(longest, firstRetry.toMillis() << (attempt - 1));
        boolean closed =
                closing.await(millis - ThreadLocalRandom.current().nextLong(millis / 4 + 1), TimeUnit.MILLISECONDS);
        LOG.debug("trying again, {}", closed ? "for the last time" : "after " + millis + " ms at most");
    }

    private Outcome post(byte[] body) throws InterruptedException {
        String timestamp = String.valueOf(clock.instant().getEpochSecond());
        HttpRequest request = HttpRequest.newBuilder(url)
                .header("Content-Type", "application/json; charset=utf-8")
                .header("User-Agent", "sandkeeper")
                .header("Sandkeeper-Timestamp", timestamp)
                .header("Sandkeeper-Signature", "v1=" + sign(timestamp, body))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        CompletableFuture<HttpResponse<InputStream>> answer =
                client.sendAsync(request, HttpResponse.BodyHandlers.ofInputStream());
        try {
            HttpResponse<InputStream> response = answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            leave(response.body());
            return judge(response.statusCode());
        } catch (TimeoutException e) {
            LOG.warn("{} did not answer an alert within {}", host(), timeout);
            return Outcome.AGAIN;
        } catch (ExecutionException e) {
            LOG.warn("could not send an alert to {}: {}", host(), reason(e));
            return Outcome.AGAIN;
        } finally {
            answer.cancel(true);
        }
    }

    /** Only the status counts, and a body may be endless. */
    private static void leave(InputStream body) {
        try {
            body.close();
        } catch (IOException e) {
            LOG.debug("could not close the body of an answer", e);
        }
    }

    private Outcome judge(int status) {
        if (status >= 200 && status < 300) {
            return Outcome.TAKEN;
        }
        boolean again = status == 429 || status >= 500;
        LOG.warn("{} answered an alert with {}; it is {}tried again", host(), status, again ? "" : "not ");
        return again ? Outcome.AGAIN : Outcome.REFUSED;
    }

    private String sign(String timestamp, byte[] body) {
        mac.update((timestamp + ".").getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(mac.doFinal(body));
    }

    /** The path may be a secret. */
    private String host() {
        return url.getHost();
    }

    /** Messages of the client may repeat the URL. */
    private static String reason(Exception e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        return cause.getClass().getSimpleName();
    }

    void close() {
        synchronized (closing) {
            if (closing.getCount() == 0) {
                return;
            }
            closing.countDown();
        }
        // It wakes the thread; where the queue is full, the thread is awake.
        boolean waking = queue.offer(END);
        LOG.debug("closing, waking: {}", waking);
        boolean interrupted = !joined(closeWithin);
        if (thread.isAlive()) {
            thread.interrupt();
            interrupted |= !joined(Duration.ofSeconds(1));
        }
        List<byte[]> left = new ArrayList<>();
        queue.drainTo(left);
        left.removeIf(body -> body == END);
        if (!left.isEmpty()) {
            drop(left.size());
        }
        answers.shutdownNow();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** False if the caller was interrupted. */
    private boolean joined(Duration time) {
        try {
            thread.join(Math.max(1, time.toMillis()));
            return true;
        } catch (InterruptedException e) {
            LOG.debug("interrupted while closing", e);
            return false;
        }
    }
}
