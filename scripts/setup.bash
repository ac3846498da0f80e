# Sourced by the other scripts: finds what they need on this machine and, as root on Debian, installs what is missing.
# shellcheck shell=bash

script=$(basename "$0")

say() {
    echo "$script: $*"
}

fail() {
    echo "$script: $*" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# install_packages PACKAGE...: installs Debian packages, or says that somebody should. Services that they bring are not started.
install_packages() {
    local policy=/usr/sbin/policy-rc.d made='' log
    [ $# -gt 0 ] || return 0
    have apt-get || fail "this machine lacks $*, as Debian calls it; install that and try again"
    [ "$(id -u)" = 0 ] || fail "this machine lacks $*. As root: apt-get install $*"
    say "installs $*"
    log=$(mktemp)
    if [ ! -e "$policy" ]; then
        made=$policy
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
    fi
    if ! {
        apt-get update -q </dev/null &&
            DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null
    } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log" ${made:+"$made"}
        fail "apt-get could not install $*; see above"
    fi
    rm -f "$log" ${made:+"$made"}
}

# The major version of the JDK in a directory, or nothing if it holds none.
jdk_version() {
    [ -x "$1/bin/javac" ] || return 0
    "$1/bin/javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p'
}

# Prints "<version> <directory>" for every JDK found, oldest first.
jdks() {
    local home version
    {
        [ -z "${JAVA_HOME:-}" ] || echo "$JAVA_HOME"
        ! have javac || dirname "$(dirname "$(readlink -f "$(command -v javac)")")"
        ls -d /usr/lib/jvm/*/ /opt/*jdk*/ "$HOME"/.sdkman/candidates/java/*/ 2>/dev/null || true
    } | while read -r home; do readlink -f "$home"; done | sort -u | while read -r home; do
        version=$(jdk_version "$home")
        if [ -n "$version" ]; then echo "$version $home"; fi
    done | sort -n -s -k 1,1
}

# The directory of the oldest JDK from version $1 on, or nothing.
jdk_from() {
    jdks | awk -v least="$1" '$1 >= least { sub(/^[0-9]+ /, ""); print; exit }'
}

# The Debian package of a JDK, 17 where there is one.
jdk_package() {
    local package
    if ! have apt-cache; then
        echo openjdk-17-jdk-headless
        return
    fi
    # on a fresh machine apt knows no packages yet
    if [ "$(id -u)" = 0 ]; then apt-get update -q >/dev/null 2>&1 </dev/null || true; fi
    for package in openjdk-17-jdk-headless openjdk-21-jdk-headless openjdk-25-jdk-headless; do
        if [ -n "$(apt-cache search --names-only "^$package\$" 2>/dev/null)" ]; then
            echo "$package"
            return
        fi
    done
    echo default-jdk-headless
}

# Makes sure that there is a JDK from 17 on, Maven, and the Debian packages and commands named as PACKAGE:COMMAND. Exports
# JAVA_HOME.
need() {
    local missing=() pair home
    for pair in maven:mvn "$@"; do
        have "${pair#*:}" || missing+=("${pair%%:*}")
    done
    home=$(jdk_from 17)
    if [ -z "$home" ]; then
        missing=("$(jdk_package)" "${missing[@]}")
    fi
    install_packages "${missing[@]}"
    home=$(jdk_from 17)
    [ -n "$home" ] || fail "there is no JDK from 17 on, neither as JAVA_HOME nor in /usr/lib/jvm"
    export JAVA_HOME=$home
}

# build_for_scripts MODULE: builds it into target/bench of each module, unless nothing has changed since that was last done.
build_for_scripts() {
    local built=$1/target/bench/built
    if [ -e "$built" ] && [ -z "$(find pom.xml */pom.xml */src -newer "$built" -print -quit)" ]; then
        say "finds everything built"
        return
    fi
    say "builds with $("$JAVA_HOME/bin/javac" -version 2>&1); the first time Maven downloads what that needs"
    # what changes during the build is newer than its beginning
    touch "$work/begun"
    mvn -q -B -Dstyle.color=never -Dquick -Punchecked -Dtarget=target/bench -pl "$1" -am process-classes </dev/null ||
        fail "the build failed; see above"
    mv "$work/begun" "$built"
}

build_benchmarks() {
    build_for_scripts benchmarks
}

# Builds the simulators' programs; sets classpath, and api for java where there is an engine.
build_conformance() {
    build_for_scripts conformance
    # shellcheck disable=SC2034 # read by who calls this
    classpath=conformance/target/bench/classes:$(cat conformance/target/bench/classpath)
    api=()
    # shellcheck disable=SC2034
    ! engine_answers || api=(-Dapi.version="$(docker version --format '{{.Server.APIVersion}}')")
}
