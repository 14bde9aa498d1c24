install app
is data "$(readlink /usr/share/linked/alias)"
is data "$(cat /usr/lib/linked/data)"
is ../share/linked/none "$(readlink /usr/lib/linked-dangling)"
remove linked
[ ! -L /usr/lib/linked-dangling ] || fail "a link is left"
[ ! -e /usr/share/linked ] || fail "a directory is left"
