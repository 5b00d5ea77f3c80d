"""What a test can see and steer: the call log, the outbox, holds and faults.

A crash test holds one call, kills the process under test, lets the call go and
looks at what is left. So a held call must be found dead as soon as its client
is, and must then have no effect if it had none yet.
"""

from __future__ import annotations

import itertools
import json
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wire import Answer, Call, Environ, error_answer, to_json

POLL_SECONDS = 0.02


class BadRequest(Exception):
    """A control request that makes no sense."""


@dataclass
class Matcher:
    """Which calls a hold, fault or delay is meant for."""

    operation: str
    contains: str | None = None

    @classmethod
    def of(cls, body: dict[str, Any]) -> Matcher:
        if not isinstance(body.get("operation"), str):
            raise BadRequest("'operation' is needed")
        return cls(body["operation"], body.get("contains"))

    def fits(self, call: Call) -> bool:
        if call.operation != self.operation:
            return False
        return self.contains is None or self.contains in to_json(call.params)


@dataclass
class Hold:
    """One armed hold. `state` goes armed -> held -> released|discarded|disconnected."""

    matcher: Matcher
    when: str
    skip: int
    state: str = "armed"
    seq: int | None = None
    let_go: threading.Event = field(default_factory=threading.Event)

    def wait(self, client: socket.socket | None) -> str:
        """Block until released or the client is gone; returns the final state."""
        while not self.let_go.wait(POLL_SECONDS):
            if client_gone(client):
                break
        # A client that died before the release is gone whatever the release says.
        if client_gone(client):
            self.state = "disconnected"
        return self.state


@dataclass
class Injection:
    """The next `times` fitting calls fail with an error, or are delayed."""

    matcher: Matcher
    times: int
    code: str = ""
    message: str = ""
    status: int = 400
    seconds: float = 0.0


def client_gone(client: socket.socket | None) -> bool:
    """Whether the peer has closed its connection (killed processes do)."""
    if client is None:
        return False
    try:
        readable, _, _ = select.select([client], [], [], 0)
        return bool(readable) and client.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):
        return True


class Control:
    """The state behind `/signalbox/*`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sequence = itertools.count(1)
        self._calls: list[dict[str, Any]] = []
        self._outbox: list[dict[str, Any]] = []
        self._hold: Hold | None = None
        self._faults: list[Injection] = []
        self._delays: list[Injection] = []

    # --- the path of a call -------------------------------------------------

    def run(
        self, call: Call, environ: Environ, process: Callable[[], Answer]
    ) -> Answer:
        """Log the call, apply whatever is armed for it, and process it."""
        entry = self._begin(call)
        outcome, answer = "answered", None
        try:
            delay = self._take(self._delays, call)
            if delay:
                time.sleep(delay.seconds)
            fault = self._take(self._faults, call)
            if fault:
                outcome = "failed"
                answer = error_answer(call, fault.code, fault.message, fault.status)
                return answer
            hold = self._take_hold(call, entry["seq"])
            client = environ.get("werkzeug.socket")
            if hold and hold.when == "before":
                outcome = self._wait(hold, client)
                if outcome != "released":
                    answer = _dropped(call, outcome)
                    return answer
            answer = process()
            entry["processed"] = True
            if hold and hold.when == "after":
                outcome = self._wait(hold, client)
                if outcome != "released":
                    answer = _dropped(call, outcome)
            return answer
        finally:
            with self._lock:
                entry.update(
                    phase="done",
                    done_at=time.time(),
                    status=answer.status if answer else 500,
                    outcome=outcome,
                )

    def _begin(self, call: Call) -> dict[str, Any]:
        with self._lock:
            entry: dict[str, Any] = {
                "seq": next(self._sequence),
                "service": call.service,
                "operation": call.operation,
                "at": time.time(),
                "phase": "begun",
                "status": None,
                "done_at": None,
                "processed": False,
                "outcome": None,
                "params": json.loads(to_json(call.params)) if call.mutates else None,
            }
            self._calls.append(entry)
            return entry

    def _take(self, injections: list[Injection], call: Call) -> Injection | None:
        with self._lock:
            for injection in injections:
                if injection.matcher.fits(call):
                    injection.times -= 1
                    if injection.times <= 0:
                        injections.remove(injection)
                    return injection
        return None

    def _take_hold(self, call: Call, seq: int) -> Hold | None:
        with self._lock:
            hold = self._hold
            if hold is None or hold.state != "armed" or not hold.matcher.fits(call):
                return None
            if hold.skip > 0:
                hold.skip -= 1
                return None
            if hold.when == "before":
                hold.state, hold.seq = "held", seq
            else:  # counts as held only once the call has taken effect
                hold.state, hold.seq = "processing", seq
            return hold

    def _wait(self, hold: Hold, client: socket.socket | None) -> str:
        with self._lock:
            if hold.state == "processing":
                hold.state = "held"
        return hold.wait(client)

    # --- the outbox ---------------------------------------------------------

    def post(self, message: dict[str, Any]) -> None:
        """Keep a message that was published to an SNS topic."""
        with self._lock:
            self._outbox.append({**message, "at": time.time()})

    # --- the endpoints ------------------------------------------------------

    def handle(self, method: str, path: str, body: bytes) -> Answer:
        """Answer a control request."""
        routes: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", "calls"): lambda _: self._calls,
            ("DELETE", "calls"): lambda _: self._calls.clear(),
            ("GET", "outbox"): lambda _: self._outbox,
            ("DELETE", "outbox"): lambda _: self._outbox.clear(),
            ("GET", "hold"): lambda _: self._describe_hold(),
            ("POST", "hold"): self._arm,
            ("DELETE", "hold"): lambda _: self._disarm(),
            ("POST", "release"): self._release,
            ("POST", "fail"): self._fail,
            ("DELETE", "fail"): lambda _: self._faults.clear(),
            ("POST", "delay"): self._delay,
            ("DELETE", "delay"): lambda _: self._delays.clear(),
        }
        route = routes.get((method, path.removeprefix("/signalbox/").strip("/")))
        if route is None:
            text = json.dumps({"error": f"no control endpoint {method} {path}"})
            return _json_answer(404, text)
        try:
            parsed = json.loads(body or b"{}")
            if not isinstance(parsed, dict):
                raise BadRequest("a JSON object is needed")
            with self._lock:
                result = route(parsed)
                text = to_json({"ok": True} if result is None else result)
            return _json_answer(200, text)
        except (BadRequest, ValueError, TypeError) as error:
            return _json_answer(400, json.dumps({"error": str(error)}))

    def _describe_hold(self) -> dict[str, Any]:
        hold = self._hold
        return {
            "armed": bool(hold and hold.state == "armed"),
            "held": bool(hold and hold.state == "held"),
            "operation": hold.matcher.operation if hold else None,
            "when": hold.when if hold else None,
            "state": hold.state if hold else None,
            "seq": hold.seq if hold else None,
        }

    def _arm(self, body: dict[str, Any]) -> dict[str, Any]:
        if self._hold and self._hold.state in ("held", "processing"):
            raise BadRequest("a call is being held: release it first")
        when = body.get("when", "before")
        if when not in ("before", "after"):
            raise BadRequest("'when' is 'before' or 'after'")
        self._hold = Hold(Matcher.of(body), when, int(body.get("skip", 0)))
        return self._describe_hold()

    def _disarm(self) -> dict[str, Any]:
        if self._hold and self._hold.state == "armed":
            self._hold = None
        return self._describe_hold()

    def _release(self, body: dict[str, Any]) -> dict[str, Any]:
        hold = self._hold
        if hold is None or hold.state == "armed":
            raise BadRequest("no call is being held")
        if hold.state == "processing":
            raise BadRequest("the call is still being processed")
        if hold.state == "held":
            hold.state = "discarded" if body.get("discard", False) else "released"
            hold.let_go.set()
        return self._describe_hold()

    def _fail(self, body: dict[str, Any]) -> None:
        code = str(body.get("code", "InternalFailure"))
        self._faults.append(
            Injection(
                Matcher.of(body),
                int(body.get("times", 1)),
                code=code,
                message=str(body.get("message", f"injected by the test: {code}")),
                status=int(body.get("status", 400)),
            )
        )

    def _delay(self, body: dict[str, Any]) -> None:
        if "seconds" not in body:
            raise BadRequest("'seconds' is needed")
        self._delays.append(
            Injection(
                Matcher.of(body),
                int(body.get("times", 1)),
                seconds=float(body["seconds"]),
            )
        )


def _dropped(call: Call, outcome: str) -> Answer:
    return error_answer(call, "InternalFailure", f"held call was {outcome}", 500)


def _json_answer(status: int, text: str) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], text.encode())
