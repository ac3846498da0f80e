package dev.sandkeeper.http;

import java.util.ArrayList;
import java.util.List;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;

/** Cookies in memory: the last of each name, domain and path, until it expires. */
final class Cookies implements CookieJar {
    private static final int MOST = 100;

    private final List<Cookie> kept = new ArrayList<>();

    @Override
    public synchronized void saveFromResponse(HttpUrl url, List<Cookie> cookies) {
        for (Cookie cookie : cookies) {
            kept.removeIf(old -> old.name().equals(cookie.name())
                    && old.domain().equals(cookie.domain())
                    && old.path().equals(cookie.path()));
            kept.add(cookie);
        }
        while (kept.size() > MOST) {
            kept.remove(0);
        }
    }

    @Override
    public synchronized List<Cookie> loadForRequest(HttpUrl url) {
        return kept.stream().filter(cookie -> cookie.matches(url)).toList();
    }
}
