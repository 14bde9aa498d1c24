case "$FORMAT" in
    deb)
        refuses dpkg --unpack "$(package app)"
        holds "$(field Pre-Depends x app)" "groundwork (>= 1)"
        ;;
    rpm)
        refuses rpm -i "$(package app)"
        holds "$(rpm -qp --qf '[%{REQUIRENAME} %{REQUIREFLAGS:deptype}\n]' "$(package app)")" "groundwork pre"
        ;;
esac
install app ground
installed early && installed groundwork
