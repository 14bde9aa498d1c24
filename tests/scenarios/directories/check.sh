install app
is "mail:mail 750" "$(about /var/lib/rooms)"
is "root:root 755" "$(about /var/lib/rooms-shared/deep)"
is x "$(cat /usr/share/rooms/a/x)"
[ ! -e /usr/share/rooms/private ] || fail "exclude had no effect"
echo mine >/var/lib/rooms/mine
remove rooms
is mine "$(cat /var/lib/rooms/mine)"
[ ! -e /usr/share/rooms ] || fail "a directory is left"
