#!/usr/bin/env bash
# Writes this job's identity, a token of GitHub's that is good for some minutes, to
# $AWS_WEB_IDENTITY_TOKEN_FILE. With AWS_ROLE_ARN beside it every AWS SDK takes the role by itself:
# no key is stored anywhere, and whatever outlives a session only needs a fresh file.
#
#   identity-token.sh          once
#   identity-token.sh --keep   and again every two minutes, until it is ended
set -euo pipefail
: "${AWS_WEB_IDENTITY_TOKEN_FILE:?the file to write is not named}"
if [ -z "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ] || [ -z "${ACTIONS_ID_TOKEN_REQUEST_TOKEN:-}" ]; then
    echo '::error::this job may not ask GitHub for its identity: the caller grants it with "permissions: id-token: write"'
    exit 1
fi
umask 077

write() {
    local answer
    # By way of standard input: arguments are visible to every process of the machine.
    answer=$(curl --fail --silent --show-error --retry 4 --max-time 20 --header @- \
        "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" \
        <<<"Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN") || return 1
    jq -ej .value <<<"$answer" >"$AWS_WEB_IDENTITY_TOKEN_FILE.new" || return 1
    mv "$AWS_WEB_IDENTITY_TOKEN_FILE.new" "$AWS_WEB_IDENTITY_TOKEN_FILE"
}

if ! write; then
    echo '::error::GitHub did not give this job its identity'
    exit 1
fi
if [ "${1:-}" = --keep ]; then
    # Its output closed, so that a sleep left behind holds nobody's.
    while sleep 120 >/dev/null 2>&1; do
        write || echo 'GitHub did not renew the identity of this job; trying again in two minutes' >&2
    done
fi
