install v1
is "tiny 1.0" "$(tiny)"
is "version = 1" "$(cat /etc/tiny/old.ini)"
install v2
[ ! -e /etc/tiny ] || fail "configuration that the new version has no more: $(ls /etc/tiny)"
is "tiny 2.0" "$(tiny)"
is "version = 2" "$(cat /etc/tiny.ini)"
install v1
is "tiny 1.0" "$(tiny)"
is "version = 1" "$(cat /etc/tiny/old.ini)"
said=$(remove tiny 2>&1)
case "$said" in *own.ini*"not the package"* | *"not the package"*own.ini*) fail "a conffile is called a stranger: $said" ;; esac
[ "$FORMAT" = rpm ] || is "colour = blue" "$(cat /opt/tiny/etc/own.ini)"
purge tiny || true
[ ! -e /opt/tiny ] || fail "left behind: $(find /opt/tiny)"
[ ! -e /etc/tiny.ini ] && [ ! -e /etc/tiny ] || fail "configuration is left"
