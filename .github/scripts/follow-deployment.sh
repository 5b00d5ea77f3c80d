#!/usr/bin/env bash
# Follows a deployment to its end with `signalbox wait`, whose status says how it ended: 0 it succeeded,
# 1 it was rolled back or refused and its last line says why, 2 it could not be followed.
# The deployment does not depend on this: it goes on when the job is cancelled or gives up.
#
# From the environment: SERVICE, RELEASE, DEPLOYMENT_ID, WAIT_MINUTES, what `signalbox` reads, AWS_REGION
# and credentials. On GitHub also GITHUB_STEP_SUMMARY.
set -euo pipefail
: "${SERVICE:?}" "${RELEASE:?}" "${DEPLOYMENT_ID:?}" "${WAIT_MINUTES:?}"
[[ $WAIT_MINUTES =~ ^[1-9][0-9]{0,3}$ ]] || { echo '::error::wait_minutes must be a whole number'; exit 2; }
output=$(mktemp)
trap 'rm -f "$output"' EXIT
deadline=$((SECONDS + WAIT_MINUTES * 60))

# In an annotation a line break or a percent sign would end or change what is said.
annotation() {
    local text=${2//'%'/'%25'}
    text=${text//$'\r'/'%0D'}
    echo "::error title=$1::${text//$'\n'/'%0A'}"
}

summary() { # heading, text: shown as it is, whatever it holds
    {
        printf '### %s\n\n' "$1"
        printf '%s\n\nservice %s, release %s, deployment %s' "$2" "$SERVICE" "$RELEASE" "$DEPLOYMENT_ID" |
            jq -Rrs '"<pre>\(@html)</pre>"'
    } >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
}

# The timeline quotes people and AWS: nothing in it may act as a command to the runner.
mute="signalbox-$(tr -dc 'a-f0-9' </dev/urandom | head -c 32 || true)"
for try in 1 2 3 4 5; do
    left=$((deadline - SECONDS))
    if [ "$left" -le 0 ]; then
        code=124
        break
    fi
    echo "::stop-commands::$mute"
    timeout "$left" signalbox wait "$SERVICE" "$DEPLOYMENT_ID" 2>&1 | tee "$output" && code=0 || code=${PIPESTATUS[0]}
    printf '\n::%s::\n' "$mute"
    reason=$(grep -v '^[[:space:]]*$' "$output" | tail -n 1 || true)
    case $code in
    0)
        summary 'The release is live' "${reason:-it succeeded}"
        exit 0
        ;;
    1)
        annotation 'Not deployed' "${reason:-the deployment failed and gave no reason}"
        summary 'The release is not live' "${reason:-no reason was given}"
        exit 1
        ;;
    124) break ;;
    *)
        echo "could not follow the deployment (status $code, try $try of 5)" >&2
        [ "$try" = 5 ] || sleep "${RETRY_SECONDS:-20}"
        ;;
    esac
done
if [ "$code" = 124 ]; then
    reason="the deployment did not end within $WAIT_MINUTES minutes; it goes on without this job: see signalbox status $SERVICE"
else
    reason="the deployment could not be followed; it goes on without this job: see signalbox status $SERVICE (${reason:-no output})"
fi
annotation 'Outcome unknown' "$reason"
summary 'What became of the release is not known' "$reason"
exit 2
