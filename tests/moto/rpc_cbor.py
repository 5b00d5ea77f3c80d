"""CloudWatch's rpc-v2-cbor protocol in front of moto, which lacks it.

Current SDKs speak to CloudWatch in CBOR only. A request becomes the same call
in AWS JSON 1.0, which moto understands, and the JSON answer becomes CBOR again.
botocore's service model says which members are times and which are doubles:
JSON tells neither apart from other numbers, but a CBOR decoder insists.
"""

from __future__ import annotations

import gzip
import json
import re
from datetime import datetime, timezone
from functools import cache
from typing import Any

import cbor2
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

TARGET = "GraniteServiceVersion20100801"
HEADERS = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]
_PATH = re.compile(rf"^/service/{TARGET}/operation/(\w+)/?$")
_SHAPE_PREFIX = "com.amazonaws.cloudwatch#"
_EPOCH_TAG = 1


def operation_of(environ: dict[str, Any]) -> str | None:
    """The operation's name if this is a CBOR request to CloudWatch."""
    if environ.get("HTTP_SMITHY_PROTOCOL") != "rpc-v2-cbor":
        return None
    match = _PATH.match(environ.get("PATH_INFO", ""))
    return match.group(1) if match else None


def decode_request(environ: dict[str, Any], body: bytes) -> Any:
    """The parameters of a CBOR request; SDKs compress large metric data."""
    if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
        body = gzip.decompress(body)
    return cbor2.loads(body) if body else {}


def as_json_request(environ: dict[str, Any], operation: str, params: Any) -> bytes:
    """Turn the request into AWS JSON 1.0; returns its new body."""
    for name in ("HTTP_SMITHY_PROTOCOL", "HTTP_CONTENT_ENCODING", "HTTP_ACCEPT"):
        environ.pop(name, None)
    environ["PATH_INFO"] = environ["RAW_URI"] = environ["REQUEST_URI"] = "/"
    environ["CONTENT_TYPE"] = "application/x-amz-json-1.0"
    environ["HTTP_X_AMZ_TARGET"] = f"{TARGET}.{operation}"
    return json.dumps(params, default=_epoch_seconds).encode()


def encode_answer(
    operation: str, status: int, body: bytes
) -> tuple[list[tuple[str, str]], bytes]:
    """CBOR headers and body for moto's JSON answer, be it a result or an error."""
    document = json.loads(body) if body.strip() else {}
    if status >= 400:
        code = str(document.get("__type", "InternalFailure")).rpartition("#")[2]
        message = document.get("message") or document.get("Message") or ""
        fault = "Sender" if status < 500 else "Receiver"
        query_code = _query_code(code)
        error = ("x-amzn-query-error", f"{query_code};{fault}")
        return HEADERS + [error], encode_error(code, message)
    shape = _model().operation_model(operation).output_shape
    if shape is None:  # an operation without output has no body
        return HEADERS, b""
    return HEADERS, cbor2.dumps(_by_shape(shape, document))


def encode_error(code: str, message: str) -> bytes:
    return cbor2.dumps({"__type": _SHAPE_PREFIX + code, "message": message})


@cache
def _model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("cloudwatch", "service-2"))


@cache
def _query_code(shape_name: str) -> str:
    """The code that an error had in the query protocol; SDKs still match on it."""
    for shape in _model().error_shapes:
        if shape.name == shape_name:
            return str(shape.metadata.get("error", {}).get("code", shape_name))
    return shape_name


def _epoch_seconds(value: Any) -> float:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return aware.timestamp()
    raise TypeError(f"{type(value).__name__} is no AWS parameter")


def _by_shape(shape: Shape, value: Any) -> Any:
    if shape.type_name == "structure":
        known = shape.members
        return {
            name: _by_shape(known[name], item)
            for name, item in value.items()
            if name in known and item is not None
        }
    if shape.type_name == "list":
        return [_by_shape(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {key: _by_shape(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return cbor2.CBORTag(_EPOCH_TAG, _timestamp(value))
    if shape.type_name in ("double", "float"):
        return float(value)
    if shape.type_name in ("integer", "long"):
        return int(value)
    return value


def _timestamp(value: Any) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    return _epoch_seconds(datetime.fromisoformat(str(value).replace("Z", "+00:00")))
