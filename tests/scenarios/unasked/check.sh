install app
is "unasked 1.0" "$(unasked)"
refuses command -v unasked-service
refuses command -v unasked-web
/opt/unasked/bin/unasked-releases verify
remove unasked
