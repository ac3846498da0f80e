package dev.sandkeeper.internal;

/**
 * The shell scripts that keep commands in the background. They run on busybox as on dash with GNU tools and take everything as
 * positional parameters. A command's state is the directory {@code /tmp/.sandkeeper/background/c-<name>} in the sandbox:
 *
 * <ul>
 *   <li>{@code token}: which start of that name it belongs to
 *   <li>{@code starter}: pid of who starts it, and its start in ticks
 *   <li>{@code run}: when it was started; the supervisor's pid, its start in ticks, its audit session or a hyphen
 *   <li>{@code exit}: exit code, whether the deadline ended it, when
 *   <li>{@code out.0}, {@code err.0}: the beginning of a stream; {@code .1} and so on: what follows, of which the last two are
 *       kept; {@code .at}: the number of the last one and how many bytes have been thrown away
 * </ul>
 *
 * Variables have a prefix so that none of the program's is touched. How a start is refused is told by exit codes: 70 nobody
 * wants it any more, 71 no such program or command, 72 not executable, 73 it runs, 74 no place for its state, 76 a tool
 * is missing.
 */
enum BackgroundScript {
    /**
     * Name, token, bytes of the log's beginning, seconds until the deadline or 0, seconds until the grace after it is over,
     * whether the command has a process namespace of its own, the supervisor's script, the program and its arguments. Reads
     * a line before it does anything: until then the host may note what it has to know.
     */
    LAUNCH("""
            __sk_n=$1 __sk_k=$2 __sk_g=$3 __sk_t=$4 __sk_w=$5 __sk_o=$6 __sk_s=$7
            shift 7
            __sk_find "$1"
            case $__sk_e in 127) exit 71 ;; 126) exit 72 ;; esac
            case $1 in -*) __sk_l=$__sk_f; shift; set -- "$__sk_l" "$@" ;; esac
            __sk_P=$PATH __sk_u=$(umask)
            PATH=$PATH:/usr/local/bin:/usr/bin:/bin
            command -v setsid >/dev/null && command -v mkfifo >/dev/null || exit 76
            IFS= read -r __sk_l && [ "$__sk_l" = go ] || exit 70
            umask 077
            mkdir -p "$__sk_b" || exit 74
            __sk_d=$__sk_b/c-$__sk_n
            if [ "$__sk_o" = 1 ]; then
              rm -rf "$__sk_d"
            elif [ -d "$__sk_d" ]; then
              __sk_state
              [ "$__sk_v" != starting ] || __sk_abandoned
              [ "$__sk_v" = ended ] || exit 73
              __sk_q=$__sk_K
              mkdir "$__sk_d/claim-$__sk_q" || exit 73
              __sk_state
              [ "$__sk_K" = "$__sk_q" ] || { rmdir "$__sk_d/claim-$__sk_q"; exit 73; }
              mv "$__sk_d" "$__sk_b/old-$__sk_k" && rm -rf "$__sk_b/old-$__sk_k"
            fi
            # so that nobody sees one that does not say who is making it
            __sk_q=$__sk_b/new-$__sk_k
            mkdir "$__sk_q" || exit 74
            read -r __sk_i __sk_l </proc/self/stat
            __sk_stat "/proc/$__sk_i/stat"
            __sk_ticks
            echo "$__sk_i $__sk_x" >"$__sk_q/starter" && echo "$__sk_k" >"$__sk_q/token" &&
              mkfifo "$__sk_q/out" "$__sk_q/err" || { rm -rf "$__sk_q"; exit 74; }
            mv -T "$__sk_q" "$__sk_d" || { rm -rf "$__sk_q"; [ -d "$__sk_d" ] && exit 73; exit 74; }
            SANDKEEPER_BACKGROUND=$__sk_k
            export SANDKEEPER_BACKGROUND
            # with & it would ignore INT and QUIT, and so would all that it starts; so it ends who waits for it
            (
              read -r __sk_i __sk_l </proc/self/stat
              setsid sh -c "$__sk_s" sandkeeper-background "$__sk_i" \\
                "$__sk_d" "$__sk_g" "$__sk_t" "$__sk_w" "$__sk_o" "$__sk_P" "$__sk_u" "$@" </dev/null >/dev/null 2>&1
              exit
            )
            [ -f "$__sk_d/run" ] || exit 74
            """),

    /**
     * Pid of who waits for it, which it kills once it has noted its own, directory, bytes of the log's beginning, seconds
     * until the deadline or 0, seconds until the grace after it is over, whether it has a process namespace of its own, the
     * program's PATH and umask, the program and its arguments.
     */
    SUPERVISE("""
            __sk_q=$1 __sk_d=$2 __sk_g=$3 __sk_t=$4 __sk_w=$5 __sk_o=$6 __sk_P=$7 __sk_u=$8
            shift 8
            trap '' TERM HUP INT QUIT
            __sk_k=$SANDKEEPER_BACKGROUND __sk_i=$$ __sk_a=-
            IFS= read -r __sk_a </proc/self/sessionid
            case $__sk_a in '' | 4294967295 | *[!0-9]*) __sk_a=- ;; esac
            __sk_stat /proc/$$/stat
            __sk_ticks
            echo "$(date +%s) $$ $__sk_x $__sk_a" >"$__sk_d/run.new" && mv "$__sk_d/run.new" "$__sk_d/run" || exit
            kill -9 "$__sk_q"
            # Takes a stream in rounds of as many reads as fit, so that what is printed can be read at once and no file
            # exceeds its size.
            __sk_log() {
              __sk_c=0 __sk_z=0 __sk_x=0 __sk_m=$__sk_g
              while :; do
                __sk_r=$(((__sk_m - __sk_z) / 4096))
                if [ "$__sk_r" -lt 1 ]; then
                  __sk_c=$((__sk_c + 1)) __sk_z=0
                  [ "$__sk_m" != "$__sk_g" ] || __sk_m=$((__sk_g + 4096))
                  __sk_l=$((__sk_c - 2))
                  if [ "$__sk_l" -gt 0 ]; then
                    __sk_x=$((__sk_x + $(stat -c %s "$1.$__sk_l")))
                  fi
                  : >"$1.$__sk_c"
                  echo "$__sk_c $__sk_x" >"$1.at.new" && mv "$1.at.new" "$1.at" || break
                  [ "$__sk_l" -le 0 ] || rm -f "$1.$__sk_l"
                  continue
                fi
                dd bs=4096 "count=$__sk_r" >>"$1.$__sk_c" || break
                __sk_l=$(stat -c %s "$1.$__sk_c") && [ "$__sk_l" -gt "$__sk_z" ] || break
                __sk_z=$__sk_l
              done
              # there may be no more room for it, but the program goes on
              cat >/dev/null
              : >"$1.end"
            }
            __sk_log "$__sk_d/out" <"$__sk_d/out" &
            __sk_1=$!
            __sk_log "$__sk_d/err" <"$__sk_d/err" &
            __sk_2=$!
            __sk_3=
            if [ "$__sk_t" != 0 ]; then
              (
                # both at once: after the deadline there may be no process to be had
                __sk_z= __sk_q=
                # it may come before there is anything to kill
                trap '__sk_q=1; [ -z "$__sk_z" ] || { kill -9 $__sk_z; exit; }' ALRM
                sleep "$__sk_t" &
                __sk_v=$!
                sleep "$__sk_w" &
                __sk_z="$__sk_v $!"
                [ -z "$__sk_q" ] || { kill -9 $__sk_z; exit; }
                wait "$__sk_v" || exit
                __sk_z=${__sk_z#* }
                # from now on it says that the program has ended, and what that has left behind has the rest of the grace
                trap '__sk_q=1' ALRM
                : >"$__sk_d/late"
                read -r __sk_3 __sk_l </proc/self/stat
                __sk_spare=" $__sk_i $__sk_1 $__sk_2 $__sk_3 "
                __sk_sweep 15
                while [ "$__sk_c" != 0 ]; do
                  [ -n "$__sk_q" ] || wait "$__sk_z"
                  [ -n "$__sk_q" ] || break
                  __sk_q=
                  __sk_sweep 0
                done
                trap '' ALRM
                kill -9 "$__sk_z"
                __sk_j=0
                while [ "$__sk_c" != 0 ] && [ "$__sk_j" -lt 100 ]; do
                  __sk_j=$((__sk_j + 1))
                  [ "$__sk_j" -lt 3 ] || __sk_halt
                  __sk_sweep 9
                  [ "$__sk_j" -lt 3 ] || __sk_continue
                done
              ) &
              __sk_3=$!
            fi
            ( trap - TERM HUP INT QUIT; PATH=$__sk_P; umask "$__sk_u"; exec "$@" ) >"$__sk_d/out" 2>"$__sk_d/err"
            __sk_r=$? __sk_l=0
            [ -z "$__sk_3" ] || kill -14 "$__sk_3"
            if [ -e "$__sk_d/late" ]; then
              __sk_l=1
              wait "$__sk_3"
            fi
            # the last of the output
            for __sk_j in 1 2 3 4 5 6 7 8 9 10; do
              [ ! -e "$__sk_d/out.end" ] || [ ! -e "$__sk_d/err.end" ] || break
              sleep 0.05
            done
            echo "$__sk_r $__sk_l $(date +%s)" >"$__sk_d/exit.new" && mv "$__sk_d/exit.new" "$__sk_d/exit"
            """),

    /** Name, or * for all. Answers lines of name, token, start, running or ended or lost, exit code, late, end. */
    LIST("""
            PATH=$PATH:/usr/local/bin:/usr/bin:/bin
            for __sk_d in "$__sk_b"/c-$1; do
              __sk_n=${__sk_d#"$__sk_b"/c-}
              case $__sk_n in *[!A-Za-z0-9._-]*) continue ;; esac
              [ -f "$__sk_d/run" ] || continue
              __sk_state
              echo "$__sk_n $__sk_K $__sk_S $__sk_v $__sk_E"
            done
            """),

    /**
     * Name. Answers for each stream a line with how many bytes were thrown away and how many follow of the beginning and of
     * the last two parts, then those. A part that has been opened stays what it is, whatever becomes of its name.
     */
    LOG("""
            PATH=$PATH:/usr/local/bin:/usr/bin:/bin
            __sk_d=$__sk_b/c-$1
            [ -f "$__sk_d/run" ] || exit 71
            __sk_size() {
              __sk_l=0
              [ ! -f "$1" ] || __sk_l=$(stat -Lc %s "$1") || __sk_l=0
              [ "$__sk_l" -le 600000 ] || __sk_l=600000
            }
            for __sk_f in "$__sk_d/out" "$__sk_d/err"; do
              for __sk_j in 1 2 3 4 5 6 7 8 9; do
                __sk_at
                [ -f "$__sk_f.0" ] && command exec 3<"$__sk_f.0" || command exec 3</dev/null
                [ "$__sk_c" -gt 1 ] && [ -f "$__sk_f.$((__sk_c - 1))" ] && command exec 4<"$__sk_f.$((__sk_c - 1))" || command exec 4</dev/null
                [ "$__sk_c" -gt 0 ] && [ -f "$__sk_f.$__sk_c" ] && command exec 5<"$__sk_f.$__sk_c" || command exec 5</dev/null
                __sk_r="$__sk_c $__sk_x"
                __sk_at
                [ "$__sk_r" != "$__sk_c $__sk_x" ] || break
              done
              __sk_size /proc/self/fd/3; __sk_1=$__sk_l
              __sk_size /proc/self/fd/4; __sk_2=$__sk_l
              __sk_size /proc/self/fd/5; __sk_3=$__sk_l
              echo "$__sk_x $__sk_1 $__sk_2 $__sk_3"
              head -c "$__sk_1" <&3
              head -c "$__sk_2" <&4
              head -c "$__sk_3" <&5
            done
            """),

    /** Name, grace in tenths of a second, whether it is known that nothing of it runs any more. */
    END("""
            PATH=$PATH:/usr/local/bin:/usr/bin:/bin
            __sk_d=$__sk_b/c-$1
            [ -f "$__sk_d/run" ] || exit 71
            __sk_state
            __sk_k=$__sk_K __sk_a=$__sk_A __sk_i=$__sk_I __sk_o=0 __sk_spare=" $$ " __sk_c=0
            if [ "$3" = 0 ]; then
              # one that others share tells nothing
              IFS= read -r __sk_l </proc/self/sessionid
              [ "$__sk_l" != "$__sk_a" ] || __sk_a=-
              if [ "$2" != 0 ]; then
                __sk_sweep 15
                __sk_j=0
                while [ "$__sk_c" != 0 ] && [ "$__sk_j" -lt "$2" ]; do
                  __sk_j=$((__sk_j + 1))
                  sleep 0.1
                  __sk_sweep 0
                done
              fi
              __sk_j=0 __sk_q=0
              while [ "$__sk_q" -lt 2 ] && [ "$__sk_j" -lt 200 ]; do
                __sk_j=$((__sk_j + 1))
                [ "$__sk_j" -lt 3 ] || __sk_halt
                __sk_sweep 9
                [ "$__sk_j" -lt 3 ] || __sk_continue
                __sk_q=$((__sk_q + 1))
                [ "$__sk_c" = 0 ] || __sk_q=0
              done
              [ "$__sk_q" = 2 ] || exit 75
            fi
            [ -f "$__sk_d/exit" ] || {
              echo "137 0 $(date +%s)" >"$__sk_d/exit.new" && mv "$__sk_d/exit.new" "$__sk_d/exit" || exit 74
            }
            """),

    /** Name, whether it is known that nothing of it runs any more. */
    REMOVE("""
            PATH=$PATH:/usr/local/bin:/usr/bin:/bin
            __sk_d=$__sk_b/c-$1
            [ -d "$__sk_d" ] || exit 0
            __sk_state
            [ "$2" = 1 ] || [ "$__sk_v" != running ] || exit 73
            rm -rf "$__sk_d" || exit 74
            """);

    /** Builtins only where processes are looked at, so that it works when none can be made any more. */
    private static final String COMMON = """
            exec 2>/dev/null
            __sk_b=/tmp/.sandkeeper/background

            # Sets __sk_x to when a process was started, from what __sk_stat has found.
            __sk_ticks() {
              __sk_x=-
              case $__sk_l in '' | Z* | X*) return ;; esac
              set -f
              __sk_twentieth $__sk_l
              set +f
            }
            __sk_twentieth() { shift 19; __sk_x=$1; }

            # Sets what the directory $__sk_d says: __sk_K token, __sk_S start, __sk_I pid, __sk_A audit session, __sk_E exit,
            # __sk_v running, ended or lost.
            __sk_state() {
              __sk_K= __sk_S= __sk_I= __sk_A= __sk_X= __sk_E= __sk_v=lost
              [ ! -f "$__sk_d/token" ] || read -r __sk_K __sk_l <"$__sk_d/token"
              [ ! -f "$__sk_d/run" ] || read -r __sk_S __sk_I __sk_X __sk_A __sk_l <"$__sk_d/run"
              if [ -f "$__sk_d/exit" ]; then
                IFS= read -r __sk_E <"$__sk_d/exit"
                __sk_v=ended
              elif [ ! -f "$__sk_d/run" ]; then
                __sk_v=starting
              else
                case $__sk_I in '' | *[!0-9]*) return ;; esac
                __sk_stat "/proc/$__sk_I/stat"
                __sk_ticks
                [ "$__sk_x" = - ] || [ "$__sk_x" != "$__sk_X" ] || __sk_v=running
              fi
            }

            # Of a start that its starter did not live to finish, ends what there may be and sets __sk_v to ended.
            __sk_abandoned() {
              __sk_i= __sk_x=-
              read -r __sk_i __sk_r __sk_l <"$__sk_d/starter"
              case $__sk_i in '' | *[!0-9]*) return ;; esac
              __sk_q=$__sk_r
              __sk_stat "/proc/$__sk_i/stat"
              __sk_ticks
              [ "$__sk_x" = - ] || [ "$__sk_x" != "$__sk_q" ] || return
              # it may have finished just before its end
              [ ! -f "$__sk_d/run" ] || return
              __sk_z=$__sk_k __sk_k=$__sk_K __sk_a=- __sk_i=- __sk_o=0 __sk_spare=" $$ " __sk_c=1 __sk_j=0
              while [ "$__sk_c" != 0 ] && [ "$__sk_j" -lt 100 ]; do
                __sk_j=$((__sk_j + 1))
                __sk_sweep 9
              done
              __sk_k=$__sk_z
              [ "$__sk_c" != 0 ] || __sk_v=ended
            }

            # Sets __sk_c and __sk_x to the number of the last part of a log and what was thrown away.
            __sk_at() {
              __sk_c=0 __sk_x=0
              [ ! -f "$__sk_f.at" ] || read -r __sk_c __sk_x __sk_l <"$__sk_f.at"
              case $__sk_c$__sk_x in *[!0-9]*) __sk_c=0 __sk_x=0 ;; esac
            }

            # Signals every process of a command: $1 number; token $__sk_k, audit session $__sk_a or a hyphen, pid of the
            # supervisor $__sk_i, whether the namespace is its own $__sk_o. Leaves those out that $__sk_spare names, and
            # the children of all of them but the first. Sets __sk_c to how many there were.
            __sk_sweep() {
              __sk_c=0 __sk_y=' '
              for __sk_p in /proc/[0-9]*; do
                __sk_h=${__sk_p#/proc/}
                case $__sk_spare in *" $__sk_h "*) continue ;; esac
                __sk_ours || continue
                kill "-$1" "$__sk_h" && __sk_c=$((__sk_c + 1))
              done
            }
            __sk_ours() {
              __sk_stat "$__sk_p/stat"
              case $__sk_l in '' | Z* | X*) return 1 ;; esac
              __sk_r=${__sk_l#* }
              __sk_e=${__sk_r#* }
              __sk_e=${__sk_e#* }
              __sk_e=${__sk_e%% *}
              __sk_r=${__sk_r%% *}
              case ${__sk_spare#" ${__sk_i:--} "} in *" $__sk_r "* | "$__sk_r "*) return 1 ;; esac
              if [ "$__sk_o" = 1 ]; then
                [ "$__sk_h" != 1 ]
                return
              fi
              if [ "$__sk_a" != - ]; then
                __sk_l=
                IFS= read -r __sk_l <"$__sk_p/sessionid"
                [ "$__sk_l" = "$__sk_a" ]
                return
              fi
              [ "$__sk_e" != "$__sk_i" ] || return 0
              case $__sk_y in *" $__sk_r "*) __sk_y="$__sk_y$__sk_h "; return 0 ;; esac
              while IFS= read -r __sk_l || [ -n "$__sk_l" ]; do
                case $__sk_l in *"SANDKEEPER_BACKGROUND=$__sk_k"*) __sk_y="$__sk_y$__sk_h "; return 0 ;; esac
                __sk_l=
              done <"$__sk_p/environ"
              return 1
            }
            """ + ShellScripts.find() + ShellScripts.halt();

    private final String text;

    BackgroundScript(String text) {
        this.text = text;
    }

    String text() {
        return COMMON + text;
    }
}
