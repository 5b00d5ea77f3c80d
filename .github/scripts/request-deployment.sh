#!/usr/bin/env bash
# Puts "Deployment Requested" on the event bus: the deploy command of docs/events.md, as an event.
# The same id acts once, ever, so putting it again after a doubtful answer is no second deployment.
#
# From the environment: SERVICE, RELEASE, DEPLOYMENT_ID, REQUESTED_BY, EVENT_BUS (default: "default"),
# AWS_REGION and credentials. Needs events:PutEvents on that bus and nothing else.
set -euo pipefail
: "${SERVICE:?}" "${RELEASE:?}" "${DEPLOYMENT_ID:?}" "${REQUESTED_BY:?}"

entries=$(jq -cn --arg service "$SERVICE" --arg release "$RELEASE" --arg id "$DEPLOYMENT_ID" \
    --arg requested_by "$REQUESTED_BY" --arg bus "${EVENT_BUS:-default}" '
    [{
        Source: "signalbox.ci",
        DetailType: "Deployment Requested",
        Detail: ({service: $service, release: $release, id: $id, requested_by: $requested_by} | tojson),
        EventBusName: $bus
    }]')

for try in 1 2 3; do
    answer=$(aws events put-events --entries "$entries" --output json)
    # A call that succeeds may still have put nothing. An answer without the count is no success.
    if jq -e '.FailedEntryCount == 0' >/dev/null <<<"$answer"; then
        echo "asked for release $RELEASE of $SERVICE, id $DEPLOYMENT_ID"
        exit 0
    fi
    why=$(jq -r '.Entries[0] | "\(.ErrorCode): \(.ErrorMessage)"' <<<"$answer" | tr '\r\n' '  ')
    echo "EventBridge did not take the event (try $try of 3): $why" >&2
    [ "$try" = 3 ] || sleep $((try * ${RETRY_SECONDS:-5}))
done
echo "::error title=Not requested::EventBridge did not take the deployment of $SERVICE: $why"
exit 1
