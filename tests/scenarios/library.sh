# Words for the scenarios' check.sh: run in a box, as root, with FORMAT (deb or rpm) set and packages in /pkgs.
# shellcheck shell=sh
set -eu

# package FOLDER: the path of the package that was built in that folder of the scenario
package() {
    set -- "/pkgs/$1"/dist/*."$FORMAT"
    echo "$1"
}

# install FOLDER...: as an administrator does, all at once, upgrades included
install() {
    paths=
    for folder; do paths="$paths $(package "$folder")"; done
    # shellcheck disable=SC2086
    case "$FORMAT" in
        deb) apt-get install -y --no-install-recommends --allow-downgrades $paths ;;
        rpm) dnf install -y --setopt=install_weak_deps=False $paths ;;
    esac
}

remove() {
    case "$FORMAT" in
        deb) apt-get remove -y "$@" ;;
        rpm) dnf remove -y --noautoremove "$@" ;;
    esac
}

purge() {
    case "$FORMAT" in
        deb) apt-get purge -y "$@" ;;
        rpm) dnf remove -y --noautoremove "$@" ;;
    esac
}

# installed NAME
installed() {
    case "$FORMAT" in
        deb) [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
        rpm) rpm -q "$1" >/dev/null ;;
    esac
}

# field DEB-FIELD RPM-OPTION FOLDER: a relation of a package, as the package manager reads it
field() {
    case "$FORMAT" in
        deb) dpkg-deb -f "$(package "$3")" "$1" ;;
        rpm) rpm -qp "$2" "$(package "$3")" ;;
    esac
}

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# is WANTED FOUND
is() {
    [ "$1" = "$2" ] || fail "expected '$1', found '$2'"
}

# holds TEXT WORD: TEXT has WORD in it
holds() {
    case "$1" in *"$2"*) ;; *) fail "no '$2' in: $1" ;; esac
}

# refuses COMMAND...
refuses() {
    if ("$@"); then fail "not refused: $*"; fi
}

# about PATH: its owner, group and mode
about() {
    stat -c '%U:%G %a' "$1"
}
