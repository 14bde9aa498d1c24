install app
[ ! -e /var/lib/spectre.db ] || fail "a ghost was installed"
echo data >/var/lib/spectre.db
case "$FORMAT" in
    deb)
        refuses dpkg -S /var/lib/spectre.db
        remove spectre
        is data "$(cat /var/lib/spectre.db)"
        ;;
    rpm) is spectre "$(rpm -qf --qf '%{NAME}' /var/lib/spectre.db)" ;;
esac
purge spectre
[ ! -e /var/lib/spectre.db ] || fail "the ghost is left"
