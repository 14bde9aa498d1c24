install app
case "$FORMAT" in deb) zsh=/usr/share/zsh/vendor-completions ;; rpm) zsh=/usr/share/zsh/site-functions ;; esac
for name in with-click with-argcomplete; do
    for path in /usr/share/bash-completion/completions/$name $zsh/_$name /usr/share/fish/vendor_completions.d/$name.fish; do
        is "root:root 644" "$(about "$path")"
        holds "$(cat "$path")" "$name"
    done
    holds "$(cat $zsh/_$name)" "#compdef $name"
done
[ ! -e /usr/share/bash-completion/completions/with-nothing ] || fail "completion of a command that has none"

# complete NAME WORD: what bash offers
offered() {
    bash -c '
        compopt() { :; }
        . "/usr/share/bash-completion/completions/$1"
        function=$(complete -p "$1" | sed "s/.*-F \([^ ]*\).*/\1/")
        COMP_WORDS=("$1" "$2") COMP_CWORD=1 COMP_LINE="$1 $2" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
        "$function" "$1" "$2" "$1"
        echo "${COMPREPLY[*]}" | tr -s " "
    ' bash "$1" "$2" 2>&1
}
is "sell send" "$(offered with-click se)"
is "buy bury" "$(offered with-argcomplete bu | sed 's/ $//')"
purge shellful
[ ! -e /usr/share/bash-completion/completions/with-click ] || fail "left behind"
