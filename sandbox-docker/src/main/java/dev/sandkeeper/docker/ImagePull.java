package dev.sandkeeper.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.PullResponseItem;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Fetches an image that the engine does not have. */
final class ImagePull {
    private final Engine engine;

    ImagePull(Engine engine) {
        this.engine = engine;
    }

    /**
     * Fetches it.
     *
     * @throws dev.sandkeeper.BackendRejectedException with code {@code image_not_found} or {@code image_pull_failed}
     */
    void pull(String image, Consumer<String> progress, Duration timeout) {
        if (!ImageName.canBePulled(image)) {
            throw notFound(image, "no image at the engine has this id");
        }
        String name = ImageName.tagged(image);
        progress.accept("fetching image " + name);
        Progress callback = new Progress(name, progress);
        try {
            engine.run("fetch image " + name, timeout, client -> {
                try {
                    client.pullImageCmd(name).exec(callback).awaitCompletion();
                } catch (InterruptedException e) {
                    // our own worker, told to give up
                    Thread.currentThread().interrupt();
                }
            });
        } catch (NotFoundException e) {
            throw notFound(name, EngineMessages.of(String.valueOf(e.getMessage())));
        } catch (DockerException e) {
            throw failed(name, EngineMessages.of(String.valueOf(e.getMessage())));
        } finally {
            callback.closeQuietly();
        }
        String error = callback.error;
        if (error != null) {
            throw failed(name, error);
        }
        progress.accept("fetched image " + name);
    }

    private RuntimeException failed(String image, String message) {
        String lower = message.toLowerCase(Locale.ROOT);
        if ((lower.contains("not found") && !lower.contains("lookup"))
                || lower.contains("manifest unknown")
                || lower.contains("access denied")) {
            return notFound(image, message);
        }
        return engine.faults()
                .rejected(
                        "image_pull_failed",
                        "image \"" + image + "\" is not at the engine and could not be fetched: " + message,
                        "Check the engine's way to the registry and its credentials (docker login), or make the image"
                                + " there with \"docker build\" or \"docker import\"");
    }

    private RuntimeException notFound(String image, String message) {
        return engine.faults()
                .rejected(
                        "image_not_found",
                        "image \"" + image + "\" is not at the engine and no registry has it: " + message,
                        "Check its name and tag; a private one needs \"docker login\"");
    }

    /** Tells how far it is, a message whenever a layer is done, and keeps the error that comes in between. */
    private static final class Progress extends ResultCallback.Adapter<PullResponseItem> {
        private final String image;
        private final Consumer<String> told;
        private final Map<String, Boolean> layers = new HashMap<>();
        volatile @Nullable String error;

        Progress(String image, Consumer<String> told) {
            this.image = image;
            this.told = told;
        }

        @Override
        public void onNext(PullResponseItem item) {
            if (item.getErrorDetail() != null && item.getErrorDetail().getMessage() != null) {
                error = EngineMessages.of(item.getErrorDetail().getMessage());
            }
            String status = item.getStatus() == null ? "" : item.getStatus();
            if (item.getId() == null || status.startsWith("Pulling from")) {
                return;
            }
            boolean done = status.equals("Pull complete") || status.equals("Already exists");
            Boolean before = layers.put(item.getId(), done);
            if (done && !Boolean.TRUE.equals(before)) {
                long complete = layers.values().stream().filter(layer -> layer).count();
                told.accept("fetching image " + image + ": " + complete + " of " + layers.size() + " layers");
            }
        }

        void closeQuietly() {
            try {
                close();
            } catch (IOException e) {
                onError(e);
            }
        }
    }
}
