install app
case "$FORMAT" in
    deb) told=$(gzip -dc /usr/share/doc/told/changelog*.gz) ;;
    rpm) told=$(rpm -q --changelog told) ;;
esac
holds "$told" "Tell what is new."
holds "$told" "First version."
holds "$told" "1.0.0-1"
