"""Reading AWS requests off the wire, and writing AWS errors onto it.

Every AWS protocol names its operation somewhere else. The control plane (call
log, holds, injected faults) needs one answer for all of them, so this module
turns a WSGI request into a `Call`, and an error into the bytes that the SDK of
that protocol expects.
"""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.datastructures import MultiDict
from werkzeug.wsgi import get_input_stream

import rpc_cbor

Environ = dict[str, Any]

# Signing names that are not the name of the service's model.
_SERVICE_OF_SIGNING_NAME = {
    "monitoring": "cloudwatch",
    "elasticloadbalancing": "elbv2",
    "ses": "sesv2",
    "email": "sesv2",
    "eventbridge": "events",
}
_READ_ONLY = re.compile(
    r"^(Describe|Get|List|Head|Query$|Scan$|BatchGet|TransactGet|ReceiveMessage$|"
    r"Filter|Lookup|Search|Simulate|Check|AssumeRole)"
)
_CREDENTIAL = re.compile(r"Credential=[^/,\s]+/\d+/([^/,\s]*)/([^/,\s]+)/aws4_request")


@dataclass
class Call:
    """One AWS API call, as far as it can be known before it is processed."""

    service: str
    operation: str
    protocol: str  # query, ec2, json, cbor, rest-json, rest-xml
    region: str = "us-east-1"
    params: Any = field(default_factory=dict)
    namespace: str = ""

    @property
    def mutates(self) -> bool:
        return not _READ_ONLY.match(self.operation)


@dataclass
class Answer:
    """A complete HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)


def read_body(environ: Environ) -> bytes:
    """Take the request's body and leave a fresh copy of it for moto."""
    if environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read()
    else:
        body = get_input_stream(environ).read()
    put_body(environ, body)
    return body


def put_body(environ: Environ, body: bytes) -> None:
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("wsgi.input_terminated", None)


def identify(environ: Environ, body: bytes) -> Call:
    """Name the service, operation and parameters of a request."""
    scope = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    region, signing_name = scope.groups() if scope else ("us-east-1", "")
    service = _SERVICE_OF_SIGNING_NAME.get(signing_name, signing_name)

    operation = rpc_cbor.operation_of(environ)
    if operation is not None:
        params = rpc_cbor.decode_request(environ, body)
        return Call("cloudwatch", operation, "cbor", region, params)

    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        prefix, _, operation = target.rpartition(".")
        service = service or prefix.split("_")[0].lower()
        return Call(service, operation, "json", region, _json_or_empty(body))

    form = parse_qs(environ.get("QUERY_STRING", ""))
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form.update(parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True))
    if "Action" in form:
        return _query_call(service, region, {k: v[0] for k, v in form.items()})

    return _rest_call(service or "s3", region, environ, body)


def _query_call(service: str, region: str, form: dict[str, str]) -> Call:
    operation = form["Action"]
    if service == "sesv2":
        service = "ses"
    call = Call(
        service, operation, "ec2" if service == "ec2" else "query", region, form
    )
    try:
        model = get_service_model(service)
        call.namespace = str(model.metadata.get("xmlNamespace", ""))
        parser = PROTOCOL_PARSERS[call.protocol](model.operation_model(operation))
        request: Any = {
            "method": "POST",
            "values": MultiDict(form),
            "headers": {},
            "body": b"",
            "url_path": "/",
            "url_params": {},
        }
        call.params = parser.parse(request)
    except Exception:  # an unknown service or operation keeps its raw form
        pass
    return call


def _rest_call(service: str, region: str, environ: Environ, body: bytes) -> Call:
    protocol = "rest-xml" if service in ("s3", "route53", "cloudfront") else "rest-json"
    operation = f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}"
    params: dict[str, Any] = {}
    try:
        request = Request({**environ, "wsgi.input": io.BytesIO(body)})
        model, params = get_service_router(service).match(request)
        operation = model.name
    except Exception:  # not in the service's model: the method and path will do
        pass
    if protocol == "rest-json":
        params = {**params, **_json_or_empty(body)}
    return Call(service, operation, protocol, region, params)


def _json_or_empty(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def to_json(value: Any) -> str:
    """JSON of decoded parameters; times as ISO 8601, blobs as base64."""

    def other(item: Any) -> Any:
        if isinstance(item, datetime):
            return item.isoformat()
        if isinstance(item, (bytes, bytearray)):
            return base64.b64encode(item).decode()
        return str(item)

    return json.dumps(value, default=other)


@cache
def _json_version(service: str) -> str:
    try:
        return str(get_service_model(service).metadata.get("jsonVersion", "1.0"))
    except Exception:
        return "1.0"


def error_answer(call: Call, code: str, message: str, status: int) -> Answer:
    """The given AWS error in the protocol that the call was made in."""
    request_id = str(uuid4())
    fault = "Sender" if status < 500 else "Receiver"
    headers = [("x-amzn-requestid", request_id)]
    if call.protocol == "cbor":
        body = rpc_cbor.encode_error(code, message)
        headers += rpc_cbor.HEADERS + [("x-amzn-query-error", f"{code};{fault}")]
        return Answer(status, headers, body)
    if call.protocol in ("json", "rest-json"):
        version = f"application/x-amz-json-{_json_version(call.service)}"
        content_type = version if call.protocol == "json" else "application/json"
        headers += [("Content-Type", content_type), ("x-amzn-errortype", code)]
        if call.service in ("sqs", "cloudwatch"):  # once spoke query: old codes go here
            headers.append(("x-amzn-query-error", f"{code};{fault}"))
        body = json.dumps({"__type": code, "message": message}).encode()
        return Answer(status, headers, body)

    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if call.protocol == "rest-xml":
        xml = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
    elif call.protocol == "ec2":
        xml = (
            f"<Response><Errors><Error>{error}</Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    else:
        namespace = f' xmlns="{call.namespace}"' if call.namespace else ""
        xml = (
            f"<ErrorResponse{namespace}><Error><Type>{fault}</Type>{error}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    headers.append(("Content-Type", "text/xml"))
    return Answer(status, headers, f'<?xml version="1.0"?>\n{xml}'.encode())
