install app
is "tiny 1.0" "$(tiny)"
is "root:mail 640" "$(about /etc/tiny/tiny.ini)"
is "mail:mail 750" "$(about /var/lib/tiny)"
is "root:root 644" "$(about /etc/cron.d/tiny)"
is "a" "$(cat /usr/share/tiny/link)"
is "b" "$(cat /usr/share/tiny/deep/b.txt)"
[ ! -e /usr/share/tiny/deep/c.bak ] || fail "exclude had no effect"
is "do as you like" "$(cat /usr/share/licenses/tiny/COPYING /usr/share/doc/tiny/COPYING 2>/dev/null)"
holds "$(gzip -dc /usr/share/man/man1/tiny.1.gz)" "say a version"
for path in /etc/logrotate.d/tiny /usr/lib/sysctl.d/60-tiny.conf /usr/lib/udev/rules.d/90-tiny.rules \
    /usr/share/polkit-1/rules.d/tiny.rules /usr/share/polkit-1/actions/org.tiny.policy; do
    is "root:root 644" "$(about $path)"
done
if command -v systemd-tmpfiles >/dev/null; then
    is "mail:mail 711" "$(about /run/tiny)"
    is "mail:mail 600" "$(about /var/lib/tiny/made)"
fi
holds "$(field Depends --requires app)" coreutils
holds "$(field Provides --provides app)" tiny-engine
case "$FORMAT" in
    deb)
        holds "$(field Depends x app)" "bash | zsh, passwd"
        [ -e /usr/share/tiny/deb-only ] || fail "a deb's file is missing"
        holds "$(cat /var/lib/dpkg/info/tiny.conffiles)" /etc/cron.d/tiny
        # what an administrator chose for a conffile stays
        chown root:daemon /etc/tiny/tiny.ini && chmod 0400 /etc/tiny/tiny.ini
        dpkg-reconfigure tiny || dpkg --force-all -i "$(package app)"
        is "root:daemon 400" "$(about /etc/tiny/tiny.ini)"
        ;;
    rpm)
        holds "$(field x --requires app)" "(bash or zsh)"
        holds "$(field x --recommends app)" logrotate
        [ ! -e /usr/share/tiny/deb-only ] || fail "a deb's file is here"
        holds "$(rpm -qL tiny)" /usr/share/licenses/tiny/COPYING
        holds "$(rpm -qd tiny)" /usr/share/doc/tiny/NEWS
        holds "$(rpm -qc tiny)" /etc/tiny/tiny.ini
        ;;
esac
rm -f /var/lib/tiny/made
purge tiny
for path in /etc/tiny /usr/share/tiny /var/lib/tiny /opt/tiny /etc/cron.d/tiny; do
    [ ! -e "$path" ] || fail "left behind: $path"
done
