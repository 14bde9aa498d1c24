# spoilt PACKAGE OFFSET: a copy with another byte there
spoilt() {
    copy=/tmp/spoilt.$FORMAT
    cp "$1" "$copy"
    printf '\377' | dd of="$copy" bs=1 seek="$2" conv=notrunc status=none
    echo "$copy"
}

package=$(package app)
size=$(stat -c %s "$package")
case "$FORMAT" in
    deb)
        verified() {
            rm -f /tmp/data /tmp/signature
            perl /scenarios/signed/members.pl "$1" /tmp/data /tmp/signature
            gpgv --keyring /pkgs/packages.gpg /tmp/signature /tmp/data
        }
        verified "$package"
        # the control archive begins at byte 132, the data ends before the signature
        for offset in 150 $((size - 300)); do refuses verified "$(spoilt "$package" "$offset")"; done
        ;;
    rpm)
        verified() { rpm --checksig "$1"; }
        trusting="dnf install -y --setopt=localpkg_gpgcheck=1"
        refuses verified "$package" # nobody trusts the key yet
        refuses $trusting "$package"
        rpm --import /pkgs/packages.asc
        holds "$(verified "$package")" "signatures OK"
        summary=$(grep -abo 'signed and what' "$package" | head -n 1 | cut -d: -f1)
        for offset in "$summary" $((size - 8)); do
            refuses verified "$(spoilt "$package" "$offset")"
            refuses $trusting /tmp/spoilt.rpm
        done
        $trusting "$package"
        holds "$(rpm -q --qf '%{DSAHEADER:pgpsig}%{RSAHEADER:pgpsig}' signed)" "Key ID"
        ;;
esac
install app
is "signed by a key of the test's own" "$(cat /usr/share/signed/greeting)"
