refuses install a b1
install b1
case "$FORMAT" in
    deb) refuses dpkg --no-triggers -i "$(package a)"; dpkg --configure -a || true ;;
    rpm) refuses rpm -i "$(package a)" ;;
esac
if installed conflict-a; then fail "installed beside what it conflicts with"; fi
install a b2
installed conflict-a && installed conflict-b
