package dev.sandkeeper.daytona;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.internal.Deadline;
import dev.sandkeeper.internal.Words;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CommandStateTest {
    private final CommandState state = new CommandState();

    private void told(String... lines) {
        for (String line : lines) {
            state.accept(Words.of(line));
        }
    }

    private CommandState.@Nullable Piece next() throws InterruptedException {
        return state.next(Deadline.past());
    }

    private String text() throws InterruptedException {
        StringBuilder text = new StringBuilder();
        for (CommandState.Piece piece = next(); piece != null; piece = next()) {
            text.append(piece.stream())
                    .append(piece.isInline() ? piece.bytes().utf8() : piece.segment() + "@" + piece.size());
        }
        return text.toString();
    }

    @Test
    void takesEachPieceOnceHoweverOftenTheLogIsRead() throws InterruptedException {
        told("o 0 = YQ==", "o 1 = Yg==");
        assertThat(text()).isEqualTo("oaob");
        told("o 0 = YQ==", "o 1 = Yg==", "o 2 = Yw==", "X 0 0 3 0");
        assertThat(text()).isEqualTo("oc");
        assertThat(state.outputLost()).isFalse();
    }

    @Test
    void noticesThatAPieceIsMissing() {
        told("o 0 = YQ==", "o 2 = Yw==");
        assertThat(state.outputLost()).isTrue();
    }

    @Test
    void noticesThatTheLastPiecesAreMissing() {
        told("o 0 = YQ==", "X 0 0 2 0");
        assertThat(state.outputLost()).isTrue();
    }

    @Test
    void aFileThatGrowsIsFetchedOnceAndStreamsTakeTurns() throws InterruptedException {
        told("o 0 @ 0 70000", "e 0 = ZQ==", "o 1 @ 0 130000", "o 2 @ 1 5");
        assertThat(text()).isEqualTo("o0@130000eeo1@5");
    }

    @Test
    void makesNoExitCodeUp() {
        assertThat(state.exitCode()).isEqualTo(-1);
        assertThatThrownBy(() -> told("X 0 0")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> told("X nine 0 0 0")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> told("Y 0")).isInstanceOf(IllegalArgumentException.class);
        assertThat(state.exitCode()).isEqualTo(-1);
        told("X 7 0 0 0");
        assertThat(state.exitCode()).isEqualTo(7);
    }

    @Test
    void whatIsToldLaterDoesNotUndoTheEnd() {
        told("X 7 1 0 0");
        state.killed();
        assertThat(state.exitCode()).isEqualTo(7);
        assertThat(state.leftBehind()).isTrue();
    }

    @Test
    void inputIsTakenOrRefused() throws InterruptedException {
        told("a 3");
        assertThat(state.awaitTaken(3, Deadline.never())).isTrue();
        told("a 2", "q");
        assertThat(state.awaitTaken(3, Deadline.never())).isTrue();
        assertThat(state.awaitTaken(4, Deadline.never())).isFalse();
    }
}
