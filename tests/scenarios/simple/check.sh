install app
is "tiny 1.0" "$(tiny)"
installed tiny
remove tiny
refuses command -v tiny
[ ! -e /opt/tiny ] || fail "left behind"
