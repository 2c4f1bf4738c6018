#!/bin/sh
# Clone the repository with credentials that may push, and let the release automation move its pins.
#
# Nothing is checked out where this runs, so the build project carries it as text. BRANCH is the
# branch; REPOSITORY its address, which the build's own role opens; SECRET the ARN of a secret that
# opens it instead. What is secret lives in files of this user alone, in a folder that ends with
# this shell; it is never an argument, nor part of an address.
set -eu
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

refuse() {
    printf '%s: %s; ' "$SECRET" "$1" >&2
    printf 'allowed: {"username", "token", "url"} or {"private_key", "known_hosts", "url"}; ' >&2
    printf 'remedy: give the secret a new value\n' >&2
    exit 1
}

has() {
    jq -e --arg key "$1" 'has($key)' "$work/secret" >/dev/null
}

# A file per key of the secret, of this name.
keep() {
    jq -er --arg key "$1" '.[$key] | strings | select(. != "")' "$work/secret" >"$work/$1" ||
        refuse "has no $1"
}

open_by_token() {
    keep username
    keep token
    case $url in
    https://*@*) refuse "its url holds a user or a token" ;;
    https://*) ;;
    *) refuse "a token travels over https:// alone" ;;
    esac
    cat >"$work/askpass" <<'ANSWER'
#!/bin/sh
case $1 in
Username*) cat "${0%/*}/username" ;;
*) cat "${0%/*}/token" ;;
esac
ANSWER
    chmod 700 "$work/askpass"
    export GIT_ASKPASS="$work/askpass"
}

open_by_key() {
    keep private_key
    keep known_hosts
    case $url in
    ssh://* | [!-]*@*:*) ;;
    *) refuse "a key opens ssh://user@host/path or user@host:path" ;;
    esac
    files="-i $work/private_key -o UserKnownHostsFile=$work/known_hosts"
    strict="-o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes"
    export GIT_SSH_COMMAND="ssh -F /dev/null -o IdentitiesOnly=yes -o BatchMode=yes $files $strict"
}

open_by_secret() {
    region=${SECRET#*:*:*:}
    aws secretsmanager get-secret-value --secret-id "$SECRET" --region "${region%%:*}" \
        --query SecretString --output text >"$work/secret"
    jq -e 'type == "object"' "$work/secret" >/dev/null 2>&1 || refuse "is not a JSON object"
    if [ -z "$url" ] || has url; then
        keep url
        url=$(cat "$work/url")
    fi
    if has private_key; then open_by_key; else open_by_token; fi
    rm "$work/secret"
}

url=${REPOSITORY:-}
# For CodeCommit and for connections: the build's role signs instead of a password.
helper='!aws codecommit credential-helper $@'
if [ -n "${SECRET:-}" ]; then
    helper=
    open_by_secret
fi
# In the environment, since the program makes clones of its own. The empty helper comes first: it
# forgets those of the image, which might keep a token.
export GIT_TERMINAL_PROMPT=0 GIT_CONFIG_COUNT=3
export GIT_CONFIG_KEY_0=credential.helper GIT_CONFIG_VALUE_0=
export GIT_CONFIG_KEY_1=credential.helper GIT_CONFIG_VALUE_1="$helper"
export GIT_CONFIG_KEY_2=credential.useHttpPath GIT_CONFIG_VALUE_2=true

git clone --quiet --branch "$BRANCH" --single-branch -- "$url" "$work/clone"
cd "$work/clone"
make .venv/.ready
.venv/bin/mlops release automate --target aws --remote origin --branch "$BRANCH"
