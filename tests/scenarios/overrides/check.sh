install app
is "$FORMAT" "$(cat /etc/overrides.conf)"
case "$FORMAT" in
    deb)
        is "root:root 600" "$(about /etc/overrides.conf)"
        is "coreutils, passwd, dpkg" "$(field Depends x app)"
        is net "$(field Section x app)"
        is "overrides may be copied by everybody." "$(cat /usr/share/doc/overrides/copyright)"
        ;;
    rpm)
        is "root:mail 640" "$(about /etc/overrides.conf)"
        holds "$(rpm -qi overrides)" "Applications/Internet"
        is xz "$(rpm -q --qf '%{PAYLOADCOMPRESSOR}' overrides)"
        holds "$(rpm -q --requires overrides)" shadow-utils
        ;;
esac
