install old
is old "$(cat /usr/share/renamed/shared.txt)"
install new
is new "$(cat /usr/share/renamed/shared.txt)"
if installed old-name; then fail "what is obsolete stays"; fi
install user
installed old-user
