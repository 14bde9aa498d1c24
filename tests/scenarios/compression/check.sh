install none gzip xz zstd
for kind in none gzip xz zstd; do
    is "$(seq 1 2000 | sha256sum)" "$(sha256sum <"/usr/share/packed-$kind/text")"
    case "$FORMAT" in
        deb)
            case "$kind" in
                none) member='data\.tar[^.]' ;;
                gzip) member='data\.tar\.gz' ;;
                xz) member='data\.tar\.xz' ;;
                zstd) member='data\.tar\.zst' ;;
            esac
            grep -aq "$member" "$(package $kind)" || fail "no $member in it"
            ;;
        rpm) is "$(echo "$kind" | sed 's/none/(none)/')" "$(rpm -q --qf '%{PAYLOADCOMPRESSOR}' "packed-$kind")" ;;
    esac
done
