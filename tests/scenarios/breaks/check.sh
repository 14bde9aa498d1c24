holds "$(field Breaks --conflicts a)" broken
install b1
case "$FORMAT" in
    deb) refuses dpkg -i "$(package a)" ;;
    rpm) refuses rpm -i "$(package a)" ;;
esac
# with the mended version it is no matter
install a b2
installed breaker && installed broken
