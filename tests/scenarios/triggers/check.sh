install watcher
rm -f /var/log/watcher.log
install other
[ ! -e /var/log/watcher.log ] || fail "it reacts to what is not its affair"
install plugin
is "now: plugin " "$(tail -n 1 /var/log/watcher.log)"
remove watched-plugin
is "now: " "$(tail -n 1 /var/log/watcher.log)"
# a reaction that fails breaks nobody's installation
printf '#!/bin/sh\nexit 1\n' >/usr/lib/watcher/react
install plugin
installed watched-plugin
