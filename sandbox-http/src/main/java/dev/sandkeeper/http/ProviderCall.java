package dev.sandkeeper.http;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import okhttp3.Call;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;

/**
 * One call to a provider: what to ask, how long to wait and whether it may be asked twice. Filled in and made by one thread,
 * once.
 *
 * <p>Every way of making it throws {@link dev.sandkeeper.SandboxInterruptedException}, flag set, if the thread is
 * interrupted; {@link dev.sandkeeper.BackendUnavailableException} if the request never left, or was lost though it may be
 * repeated; {@link dev.sandkeeper.OutcomeUnknownException} if it was sent, may not be repeated, and its answer was lost; and
 * what the {@link ErrorMapper} makes of an answer that is none of success.
 */
public final class ProviderCall {
    private static final MediaType JSON = MediaType.get("application/json");

    private final ProviderClient client;
    private final String method;
    private final String what;
    private final HttpUrl url;
    private final Request.Builder request;
    private final List<String> secrets = new ArrayList<>();
    private final Set<Integer> accepted = new TreeSet<>();
    private @Nullable RequestBody body;
    private boolean repeatable;
    private @Nullable ErrorMapper errors;
    private @Nullable Duration within;
    private @Nullable Duration head;
    private @Nullable Duration silence;
    private long longest = 16L << 20;
    private volatile @Nullable Call current;
    private volatile boolean cancelled;

    ProviderCall(ProviderClient client, String method, String what, HttpUrl url, Request.Builder request) {
        this.client = client;
        this.method = method;
        this.what = what;
        this.url = url;
        this.request = request;
    }

    /**
     * Sets a header, in place of the client's own of that name.
     *
     * @param name its name
     * @param value its value; ASCII
     * @return this
     */
    public ProviderCall header(String name, String value) {
        request.header(name, value);
        return this;
    }

    /**
     * Takes one of the client's own headers away, such as the account's key where it is none of the other side's business.
     *
     * @param name its name
     * @return this
     */
    public ProviderCall withoutHeader(String name) {
        request.removeHeader(name);
        return this;
    }

    /**
     * Sets a header whose value is masked wherever this call is spoken of.
     *
     * @param name its name
     * @param value the secret
     * @return this
     */
    public ProviderCall secretHeader(String name, String value) {
        secrets.add(value);
        return header(name, ProviderClientBuilder.headerValue(name, value));
    }

    /**
     * Masks a word wherever this call is spoken of, such as a signature in the address.
     *
     * @param word the secret
     * @return this
     */
    public ProviderCall secret(String word) {
        secrets.add(word);
        return this;
    }

    /**
     * Sends JSON.
     *
     * @param value a record, a map, a list or a tree
     * @return this
     */
    public ProviderCall json(Object value) {
        return body(RequestBody.create(Json.bytes(value), JSON));
    }

    /**
     * Sends a body. One that can be written once only ({@link RequestBody#isOneShot()}) is never repeated.
     *
     * @param content the body
     * @return this
     */
    public ProviderCall body(RequestBody content) {
        this.body = content;
        return this;
    }

    /**
     * Declares that asking twice does what asking once does.
     *
     * @return this
     */
    public ProviderCall repeatable() {
        this.repeatable = true;
        return this;
    }

    /**
     * Takes statuses as answers, not as failures.
     *
     * @param statuses such as 404; all of 2xx are accepted anyway
     * @return this
     */
    public ProviderCall accept(int... statuses) {
        for (int status : statuses) {
            accepted.add(status);
        }
        return this;
    }

    /**
     * Has another one map failures than the client's.
     *
     * @param mapper maps those of this call
     * @return this
     */
    public ProviderCall errors(ErrorMapper mapper) {
        this.errors = mapper;
        return this;
    }

    /**
     * Bounds the whole: waiting for a place, connecting, all attempts, and the body of the answer to its end.
     *
     * @param time more than 0; default the client's, and for {@link #open()} and {@link #openLong()} none
     * @return this
     */
    public ProviderCall within(Duration time) {
        this.within = ProviderClientBuilder.positive("within", time);
        return this;
    }

    /**
     * Bounds the wait for the head of an answer, counted from when the request is sent.
     *
     * @param time more than 0; default the client's
     * @return this
     */
    public ProviderCall headWithin(Duration time) {
        this.head = ProviderClientBuilder.positive("headWithin", time);
        return this;
    }

    /**
     * Bounds how long nothing may come while an answer is read.
     *
     * @param time more than 0; default the client's
     * @return this
     */
    public ProviderCall silence(Duration time) {
        this.silence = ProviderClientBuilder.positive("silence", time);
        return this;
    }

    /**
     * Bounds what {@link #send()} takes.
     *
     * @param bytes the longest body; default 16 MiB
     * @return this
     */
    public ProviderCall answerAtMost(long bytes) {
        this.longest = bytes;
        return this;
    }

    /**
     * Makes the call and reads the whole answer.
     *
     * @return the answer
     */
    public Answer send() {
        return client.send(this);
    }

    /**
     * Makes the call and leaves the body to be read. It counts among the calls until it is closed.
     *
     * @return the answer; to be closed
     */
    public AnswerStream open() {
        return client.open(this, false);
    }

    /**
     * The same for a body that comes for as long as something goes on, such as a command: it counts among the streams, which
     * take no place from calls.
     *
     * @return the answer; to be closed
     */
    public AnswerStream openLong() {
        return client.open(this, true);
    }

    /**
     * Opens a WebSocket. It counts among the streams until it is closed.
     *
     * @return the connection; to be closed
     */
    public ProviderSocket socket() {
        return client.socket(this);
    }

    /** Gives the call up from another thread, before its head has come: who makes it is told that the connection was lost. */
    public void cancel() {
        cancelled = true;
        Call running = current;
        if (running != null) {
            running.cancel();
        }
    }

    /** What {@link #cancel()} gives up from now on. */
    void runs(Call running) {
        current = running;
        if (cancelled) {
            running.cancel();
        }
    }

    boolean cancelled() {
        return cancelled;
    }

    ProviderClient client() {
        return client;
    }

    String what() {
        return what;
    }

    HttpUrl url() {
        return url;
    }

    boolean isRepeatable() {
        return repeatable;
    }

    boolean streams() {
        return body != null && body.isOneShot();
    }

    boolean accepts(int status) {
        return status / 100 == 2 || accepted.contains(status);
    }

    @Nullable
    ErrorMapper errors() {
        return errors;
    }

    @Nullable
    Duration within() {
        return within;
    }

    @Nullable
    Duration head() {
        return head;
    }

    @Nullable
    Duration silence() {
        return silence;
    }

    long longest() {
        return longest;
    }

    List<String> secrets() {
        return secrets;
    }

    Request request(@Nullable Progress progress, Silence allowed) {
        RequestBody sent = body == null && Set.of("POST", "PUT", "PATCH").contains(method)
                ? RequestBody.create(new byte[0], null)
                : body;
        return request.url(url)
                .method(method, sent)
                .tag(Progress.class, progress)
                .tag(Silence.class, allowed)
                .build();
    }

    /** Method and path; what stands behind the question mark may be a secret. */
    @Override
    public String toString() {
        return method + " " + url.encodedPath();
    }
}
