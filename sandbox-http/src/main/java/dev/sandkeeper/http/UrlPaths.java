package dev.sandkeeper.http;

import okhttp3.HttpUrl;

/** Addresses of a provider's API. */
public final class UrlPaths {
    private UrlPaths() {}

    /**
     * An address below another one.
     *
     * @param base with or without a slash at its end
     * @param segments what follows; each is one segment whatever it holds, with a slash in it escaped
     * @return to be built, maybe with a query
     */
    public static HttpUrl.Builder below(HttpUrl base, String... segments) {
        HttpUrl.Builder url = base.newBuilder();
        for (String segment : segments) {
            url.addPathSegment(segment);
        }
        return url;
    }
}
