refuses install suite
install suite one two
installed suite && installed part-one && installed part-two
case "$FORMAT" in
    deb) is all "$(field Architecture x suite)" ;;
    rpm) is noarch "$(rpm -q --qf '%{ARCH}' suite)" ;;
esac
remove part-two
if installed suite; then fail "the suite stays without its part"; fi
