#!/bin/sh
# What rpmsign runs as gpg: HOME is the user's again, for the keyring and for the agent that is running.
# A gpg.conf that ends signatures is about mail, not about packages.
HOME=$PKGGEN_HOME
export HOME
if [ -z "$HOME" ]; then unset HOME; fi
exec "$PKGGEN_GPG" --batch --no-tty --default-sig-expire 0 "$@"
