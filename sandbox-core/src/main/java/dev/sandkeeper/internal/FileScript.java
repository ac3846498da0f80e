package dev.sandkeeper.internal;

/**
 * The shell scripts that work on files inside a sandbox. They run on busybox as on dash with GNU tools, take everything as
 * positional parameters and tell what went wrong by their exit code, because only the condition itself can be trusted to be
 * the same on every system; see {@link FileFailures} for the codes. What a script takes in is printed by the command that
 * the variable {@code SANDKEEPER_INPUT} names: {@code cat} by default, or a function of the shell that the script runs in.
 *
 * <p>All paths are absolute, so none starts with a dash. {@code cd -P} and not {@code cd}, which takes {@code ..} away by
 * looking at the text.
 */
enum FileScript {
    /**
     * Path, mode or {@code -} to keep, nonce, length or {@code -} for content with the nonce as its trailer. The cat is in
     * the background, because a shell runs no trap while it waits for another one. A cat that was just being started loses
     * every signal that it can lose, so it is killed. The trap of a signal removes the file itself, because it can come in the
     * middle of the one of the exit, which then is not resumed. Of a cat that was ended the shell tells on its error stream,
     * which nobody may read any more: that must not end the shell before it has tidied up. A shell that prints the content
     * itself saves two processes; it does not say why it could not, so that cat tries again.
     */
    WRITE("""
            decode "$1"; p=$r
            [ -d "$p" ] && exit 74
            parents "$p"
            d=${p%/*}; t=$d/.sandkeeper-$3; m=$2
            if [ "$m" = - ]; then
              m=644
              if [ -f "$p" ] && [ ! -L "$p" ]; then m=$(stat -c %a "$p") || exit 79; fi
            fi
            case $m in 644) umask 022 ;; *) umask 077 ;; esac
            trap '' PIPE
            trap 'rm -f "$t"' EXIT
            trap '[ "$!" ] && kill -9 $! 2>/dev/null; wait; rm -f "$t"; exit 79' HUP INT TERM
            set -C
            i=${SANDKEEPER_INPUT:-cat}
            if [ "$i" = cat ]; then
              exec 3<&0
              cat <&3 3<&- >"$t" &
              wait $! || failed $?
              trap 'rm -f "$t"; exit 79' HUP INT TERM
              s=$(stat -c %s "$t") || exit 79
              if [ "$4" = - ]; then
                [ "$s" -ge ${#3} ] && [ "$(tail -c ${#3} "$t")" = "$3" ] || exit 78
                truncate -s $((s - ${#3})) "$t" || exit 79
              else
                [ "$s" = "$4" ] || exit 78
              fi
            else
              trap 'rm -f "$t"; exit 79' HUP INT TERM
              trap '' XFSZ
              "$i" >"$t" || "$i" | cat >|"$t" || failed $?
            fi
            [ "$m" = 644 ] || chmod "$m" "$t" || exit 79
            mv -fT "$t" "$p" || { [ -d "$p" ] && exit 74; exit 79; }
            trap - EXIT
            """),

    /** Path. */
    APPEND("""
            decode "$1"
            [ -d "$r" ] && exit 74
            [ -e "$r" ] && [ ! -f "$r" ] && exit 77
            parents "$r"
            i=${SANDKEEPER_INPUT:-cat}
            if [ "$i" = cat ]; then
              cat >>"$r" || failed $?
            else
              "$i" | cat >>"$r" || failed $?
            fi
            """),

    /** Path. The first byte of the answer is a plus sign: from there on everything is content. */
    READ("""
            decode "$1"
            [ -f "$r" ] || { [ -d "$r" ] && exit 74; [ -e "$r" ] && exit 77; lost "$r"; }
            exec 3<"$r" || exit 79
            printf +
            exec cat <&3
            """),

    /** Path. What was missing at the first look may have been made since. */
    STAT("""
            decode "$1"
            stat -c '%f %s %Y' "$r" || { [ -e "$r" ] && stat -c '%f %s %Y' "$r"; } || lost "$r"
            """),

    /** Path, most bytes of the answer. A name has no slash in it, so two of them end an entry whatever its name is. */
    LIST("""
            decode "$1"
            directory "$r"
            [ -r "$r" ] && cd -P "$r" || exit 75
            find . -maxdepth 1 -exec stat -c '%f %s %Y %n//' {} + | head -c "$2"
            """),

    /**
     * Path, how deep or {@code -} for the whole tree, most bytes of the answer. The last entry says whether all was looked
     * at that was there and open to the user; without it the answer was cut. What goes away meanwhile is no fault.
     */
    SCAN("""
            decode "$1"
            directory "$r"
            [ -r "$r" ] && cd -P "$r" || exit 75
            d=$2 m=$3
            set --
            [ "$d" = - ] || set -- -maxdepth "$d"
            {
              {
                find . "$@" -exec stat -c '%f %i %s %y %z %n//' {} + 2>&1 >&3 3>&-
                echo "= $?"
              } | {
                k= u=
                while IFS= read -r l; do
                  case $l in
                    '= 0' | *': No such file or directory' | *': Not a directory' | *': Permission denied') k=1 ;;
                    '= '*) ;;
                    *) u=1 ;;
                  esac
                done
                l=some
                [ "$k" ] && [ -z "$u" ] && l=all
                printf '%s//\\n' "$l" >&3
              }
            } 3>&1 | head -c "$m"
            """),

    /** Path. */
    MAKE_DIRECTORY("""
            decode "$1"
            make "$r"
            """),

    /** Old path, new path. */
    MOVE("""
            decode "$1"; f=$r
            decode "$2"; t=$r
            [ -e "$f" ] || [ -L "$f" ] || lost "$f"
            [ "$f" = "$t" ] && exit 0
            [ -d "$t" ] && exit 74
            if [ -d "$f" ] && [ ! -L "$f" ]; then
              [ -e "$t" ] || [ -L "$t" ] && exit 73
            fi
            d=${t%/*}
            [ -d "$d/" ] || lost "$t"
            mv -fT "$f" "$t" || exit 79
            """),

    /** Path, {@code tree} for all below it too. A tree with directories that its owner has closed is opened first. */
    REMOVE("""
            decode "$1"
            [ -e "$r" ] || [ -L "$r" ] || lost "$r"
            if [ ! -d "$r" ] || [ -L "$r" ]; then
              rm -f "$r" || exit 79
            elif [ "$2" = tree ]; then
              rm -rf "$r" || { chmod -R u+rwX "$r"; rm -rf "$r"; } || exit 79
            else
              rmdir "$r" || { [ "$(ls -A "$r" | head -c 1)" ] && exit 76; exit 79; }
            fi
            """),

    /** Path, mode in octal. */
    SET_MODE("""
            decode "$1"
            [ -e "$r" ] || lost "$r"
            chmod "$2" "$r" || exit 79
            """),

    /** Path. */
    UNPACK("""
            decode "$1"
            [ -e "$r" ] && [ ! -d "$r" ] && exit 73
            make "$r"
            cd -P "$r" || exit 75
            tar -xof - || failed $?
            cat >/dev/null
            """),

    /** Path. The first byte of the answer is a plus sign. GNU tar ends with 1 if a file changed while it was read. */
    PACK("""
            decode "$1"
            directory "$r"
            cd -P "$r" || exit 75
            printf +
            tar -cf - . && exit 0
            [ $? -eq 1 ] || exit 79
            case $(tar --version 2>/dev/null) in *GNU*) exit 0 ;; esac
            exit 79
            """);

    /** A guard at the end, because {@code $()} drops line feeds there. */
    private static final String COMMON = """
            umask 022
            decode() {
              case $1 in
                *\\\\*) r=$(printf %b. "$1"); r=${r%.} ;;
                *) r=$1 ;;
              esac
            }
            above() {
              w=$1
              while w=${w%/*}; [ "$w" ]; do
                if [ -d "$w" ]; then [ -x "$w" ] || exit 75; return 0; fi
                [ -e "$w" ] && exit 73
              done
              return 0
            }
            lost() {
              [ -e "$1" ] && exit 79
              above "$1"
              exit 71
            }
            directory() {
              [ -d "$1" ] && return 0
              [ -e "$1" ] && exit 73
              lost "$1"
            }
            make() {
              [ -d "$1" ] || mkdir -p "$1" || {
                [ -d "$1" ] && return 0
                [ -e "$1" ] || [ -L "$1" ] && exit 72
                above "$1"
                exit 79
              }
            }
            parents() {
              w=${1%/*}
              [ -d "$w/" ] || mkdir -p "$w" || { above "$1"; exit 79; }
            }
            failed() {
              [ "$1" -eq 153 ] && exit 70
              exit 79
            }
            """;

    private final String text;

    FileScript(String text) {
        this.text = text;
    }

    String text() {
        return COMMON + text;
    }
}
