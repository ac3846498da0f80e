package dev.sandkeeper.http;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/**
 * How long nothing may come of one call's answer, or be taken of its request.
 *
 * @param time more than 0
 */
record Silence(Duration time) {
    /** Sets it for the call, whatever the client's own. */
    static Response apply(Interceptor.Chain chain) throws IOException {
        Request request = chain.request();
        Silence silence = request.tag(Silence.class);
        if (silence == null) {
            return chain.proceed(request);
        }
        int millis = (int) Math.max(1, Math.min(Integer.MAX_VALUE, silence.time.toMillis()));
        return chain.withReadTimeout(millis, TimeUnit.MILLISECONDS)
                .withWriteTimeout(millis, TimeUnit.MILLISECONDS)
                .proceed(request);
    }

    /** OkHttp itself repeats any request once after a 503 that asks to wait 0 seconds; it does not see that here. */
    static Response hideRetryAfterZero(Interceptor.Chain chain) throws IOException {
        Response response = chain.proceed(chain.request());
        String wait = response.header(RetryAfter.HEADER);
        return response.code() == 503 && wait != null
                ? response.newBuilder()
                        .removeHeader(RetryAfter.HEADER)
                        .header(RetryAfter.PRESERVED, wait)
                        .build()
                : response;
    }
}
