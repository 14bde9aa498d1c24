# A key for this scenario alone, in GNUPGHOME; its public half goes beside the packages.
# shellcheck shell=sh
gpg -q --batch --passphrase '' --quick-generate-key 'Scenario <packages@scenario.invalid>' ed25519 sign never
gpg -q --batch --armor --export packages@scenario.invalid >packages.asc
gpg -q --batch --export packages@scenario.invalid >packages.gpg
