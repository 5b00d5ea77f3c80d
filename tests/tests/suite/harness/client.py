"""A function for the harness's own tests: it does what its event says."""

import json
import os
import sys
import time
import urllib.request

BASE = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"


def post(path, body):
    request = urllib.request.Request(f"{BASE}/{path}", json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 202, answer.status


if "FAIL_AT_START" in os.environ:
    print("no table", file=sys.stderr, flush=True)
    post("init/error", {"errorType": "Configuration", "errorMessage": "no table"})
    sys.exit(3)

print("started", flush=True)
while True:
    with urllib.request.urlopen(f"{BASE}/invocation/next") as answer:
        raw, headers = answer.read(), answer.headers
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    try:
        event = json.loads(raw)
    except ValueError as error:
        post(f"invocation/{request_id}/error", {"errorType": "BadEvent", "errorMessage": str(error)})
        continue
    if "say" in event:
        print(event["say"], file=sys.stderr, flush=True)
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "exit" in event:
        os._exit(event["exit"])
    remaining = int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time()
    answer = {
        "event": event,
        "request_id": request_id,
        "remaining": remaining,
        "arn": headers["Lambda-Runtime-Invoked-Function-Arn"],
        "pid": os.getpid(),
        "environment": dict(os.environ),
    }
    post(f"invocation/{request_id}/response", answer)
