package dev.sandkeeper.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Everybody, with containers of one image, shown to work. */
final class Peers implements AutoCloseable {
    private static final String PROOF = "echo out; echo err >&2; exit 7";

    private final Ours ours;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final List<Peer> all = new ArrayList<>();
    private final List<List<?>> footprints = new ArrayList<>();

    Peers(Host host, String image, int count, String run) throws Exception {
        try {
            Footprint before = Footprint.now();
            ours = new Ours(host, image, count);
            before = add(ours, count, before);
            AlikePeers alike = new AlikePeers(ours, count, run);
            opened.add(alike);
            for (Peer peer : alike.peers()) {
                before = add(peer, count, before);
            }
            before = add(new TestcontainersPeer(image, count, run), count, before);
            add(new AgentSandboxPeer(image, count), count, before);
        } catch (Exception e) {
            close();
            throw e;
        }
    }

    /** Takes its weight after it has been used. */
    private Footprint add(Peer peer, int count, Footprint before) throws Exception {
        opened.add(peer);
        all.add(peer);
        for (int i = 0; i < count; i++) {
            peer.exec(i, "sh", "-c", PROOF).expect(7, "out\n", "err\n");
        }
        Footprint after = Footprint.now();
        Footprint added = after.since(before);
        footprints.add(List.of(peer.name(), added.heapMegabytes(), added.threads(), added.descriptors()));
        return after;
    }

    String channels() {
        return ours.channels();
    }

    List<Variant> running(String... arguments) {
        return all.stream()
                .map(peer -> new Variant(
                        peer.name(), worker -> peer.exec(worker, arguments).expect(0, "", "")))
                .toList();
    }

    void report(Report report, int count) {
        report.title("what this JVM holds more with " + count + " containers of each, used once");
        report.table(List.of("", "heap MB", "threads", "descriptors"), footprints);
    }

    @Override
    public void close() throws IOException {
        IOException failed = null;
        for (int i = opened.size() - 1; i >= 0; i--) {
            try {
                opened.get(i).close();
            } catch (Exception e) {
                if (failed == null) {
                    failed = new IOException("could not remove everything", e);
                } else {
                    failed.addSuppressed(e);
                }
            }
        }
        opened.clear();
        if (failed != null) {
            throw failed;
        }
    }
}
