package dev.sandkeeper.fly;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sandkeeper.http.Answer;
import dev.sandkeeper.http.ProviderCall;
import dev.sandkeeper.http.ProviderClient;
import dev.sandkeeper.http.UrlPaths;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import okhttp3.HttpUrl;

/** The calls of the Machines API about apps, and about all that an organization has. Safe from many threads. */
final class AppsApi {
    private static final long LARGEST_ANSWER = 64L << 20;

    private final ProviderClient client;
    private final HttpUrl root;

    AppsApi(ProviderClient client, HttpUrl url) {
        this.client = client;
        this.root = UrlPaths.below(url, "v1").build();
    }

    ProviderClient client() {
        return client;
    }

    /** {@return whether there is such an app, and it is ours} */
    boolean hasApp(String app) {
        ProviderCall call = client.call(
                "GET", "look for app " + app, UrlPaths.below(root, "apps", app).build());
        return call.repeatable().accept(404).send().status() != 404;
    }

    /** {@return the app, or nothing if there is none} */
    Optional<AppView> app(String app) {
        return look(app, 404);
    }

    /** {@return an app that was just made, or nothing while it, or our right to it, is not known} */
    Optional<AppView> newApp(String app) {
        return look(app, 401, 404);
    }

    private Optional<AppView> look(String app, int... absent) {
        Answer answer = client.call(
                        "GET",
                        "look at app " + app,
                        UrlPaths.below(root, "apps", app).build())
                .repeatable()
                .accept(absent)
                .send();
        return answer.status() / 100 == 2 ? Optional.of(AppView.of(answer.json())) : Optional.empty();
    }

    /** Makes an app; one of this name that is there already is as good. */
    void createApp(String app, String organization) {
        client.call("POST", "create app " + app, UrlPaths.below(root, "apps").build())
                .json(newApp(app, organization))
                .errors(FlyErrors.ofNoMachine())
                .accept(409, 422)
                .repeatable()
                .send();
    }

    private static Map<String, Object> newApp(String app, String organization) {
        // older versions of the API read another field, and each passes over the one that it does not know
        return new LinkedHashMap<>(Map.of("name", app, "app_name", app, "org_slug", organization));
    }

    /**
     * Makes an app in a private network of the same name.
     *
     * @throws dev.sandkeeper.BackendRejectedException also with {@link FlyErrors#APP_NAME_TAKEN}
     */
    void createIsolatedApp(String app, String organization) {
        Map<String, Object> body = newApp(app, organization);
        body.put("network", app);
        client.call("POST", "create app " + app, UrlPaths.below(root, "apps").build())
                .json(body)
                .errors(FlyErrors.ofNoMachine())
                .accept(409)
                .send();
    }

    /** Asks for the end of an app and of all that is in it. */
    void deleteApp(String app) {
        client.call(
                        "DELETE",
                        "delete app " + app,
                        UrlPaths.below(root, "apps", app)
                                .addQueryParameter("force", "true")
                                .build())
                .repeatable()
                // the latter if somebody else has asked for it: whether it is gone is looked at anyway
                .accept(404, 409)
                .send();
    }

    /** What an organization has, and whether that is all. */
    record AppList(List<AppView> apps, boolean complete) {
        AppList {
            apps = List.copyOf(apps);
        }
    }

    AppList apps(String organization) {
        Answer answer = client.call(
                        "GET",
                        "list apps of organization " + organization,
                        UrlPaths.below(root, "apps")
                                .addQueryParameter("org_slug", organization)
                                .build())
                .errors(FlyErrors.ofNoMachine())
                .repeatable()
                .answerAtMost(LARGEST_ANSWER)
                .send();
        JsonNode json = answer.json();
        if (!json.path("apps").isArray()) {
            throw answer.unreadable("it is no list");
        }
        List<AppView> apps = new ArrayList<>();
        json.path("apps").forEach(each -> apps.add(AppView.of(each)));
        return new AppList(apps, json.path("total_apps").asInt(0) <= apps.size());
    }

    /** {@return the Machines of an organization that are in some of its apps, by app; recent ones may be missing} */
    Map<String, List<MachineView>> machines(String organization, Predicate<String> apps) {
        Map<String, List<MachineView>> found = new HashMap<>();
        Set<String> seen = new HashSet<>();
        String cursor = "";
        do {
            HttpUrl.Builder where = UrlPaths.below(root, "orgs", organization, "machines");
            if (!cursor.isEmpty()) {
                where.addQueryParameter("cursor", cursor);
            }
            Answer answer = client.call("GET", "list Machines of organization " + organization, where.build())
                    .errors(FlyErrors.ofNoMachine())
                    .repeatable()
                    .answerAtMost(LARGEST_ANSWER)
                    .send();
            JsonNode json = answer.json();
            for (JsonNode each : json.path("machines")) {
                String app = each.path("app_name").asText("");
                if (apps.test(app)) {
                    found.computeIfAbsent(app, name -> new ArrayList<>()).add(MachineView.of(each));
                }
            }
            cursor = json.path("next_cursor").asText("");
        } while (!cursor.isEmpty() && seen.add(cursor));
        return found;
    }
}
