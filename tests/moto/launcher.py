"""Start moto as an AWS emulator that keeps the rules Signalbox depends on.

    python launcher.py [--port N] [--host 127.0.0.1] [--detached]

Prints one line, `ready http://HOST:PORT`, once requests are accepted, and exits
when standard input closes: the emulator never outlives the test that started it.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import traceback
from http.client import responses
from typing import Any

os.environ.setdefault("MOTO_ACCOUNT_ID", "123456789012")
# Roles may have policies that AWS itself wrote.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

from botocore.model import OperationNotFoundError  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server  # noqa: E402
from werkzeug.test import run_wsgi_app  # noqa: E402

import rpc_cbor  # noqa: E402  (moto reads its settings when first imported)
import rules_autoscaling  # noqa: E402
import rules_cloudwatch  # noqa: E402
import rules_elbv2  # noqa: E402
import rules_sns  # noqa: E402
import wire  # noqa: E402
from control import Control  # noqa: E402

# AWS applies calls to one of these services one at a time as far as a client can
# tell; moto's Python code does not (a DynamoDB transaction rolls back by putting
# an older copy of the tables in place). SQS stays out: it polls while it waits.
SERIALISED = {"autoscaling", "cloudwatch", "dynamodb", "ec2", "elbv2", "ssm"}
PRELOADED = (
    "ec2", "autoscaling", "elbv2", "cloudwatch", "dynamodb", "ssm",
    "sns", "sqs", "events", "sts", "sesv2",
)  # fmt: skip


class Emulator:
    """Control endpoints in front, moto behind."""

    def __init__(self) -> None:
        self.control = Control()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._one_at_a_time = threading.RLock()
        rules_autoscaling.restore()
        rules_elbv2.restore()
        rules_cloudwatch.restore()
        rules_sns.restore(self.control.post)

    def preload(self) -> None:
        """Load the services' code now, so that no test's first call pays for it."""
        for service in PRELOADED:
            host = self._moto.get_backend_for_host(service)
            self._moto.app_instances[host] = create_backend_app(host)

    def answer(self, environ: wire.Environ) -> wire.Answer:
        """Answer one request."""
        path, body = environ.get("PATH_INFO", ""), wire.read_body(environ)
        if path.startswith("/signalbox/") and "HTTP_AUTHORIZATION" not in environ:
            return self.control.handle(environ["REQUEST_METHOD"], path, body)
        if path.startswith("/moto-api"):
            return self._ask_moto(environ)
        call = wire.identify(environ, body)
        return self.control.run(call, environ, lambda: self._process(call, environ))

    def _process(self, call: wire.Call, environ: wire.Environ) -> wire.Answer:
        """Have moto process the call; its crashes become errors an SDK can read."""
        try:
            if call.protocol == "cbor":
                json_body = rpc_cbor.as_json_request(
                    environ, call.operation, call.params
                )
                wire.put_body(environ, json_body)
            if call.service in SERIALISED:
                with self._one_at_a_time:
                    answer = self._ask_moto(environ)
            else:
                answer = self._ask_moto(environ)
            if call.protocol == "cbor":
                headers, body = rpc_cbor.encode_answer(
                    call.operation, answer.status, answer.body
                )
                request_id = answer.header("x-amzn-requestid")
                if request_id:
                    headers = [*headers, ("x-amzn-requestid", request_id)]
                return wire.Answer(answer.status, headers, body)
            return answer
        except (NotImplementedError, OperationNotFoundError) as error:
            text = f"emulator: not implemented: {error}"
            return wire.error_answer(call, "InvalidAction", text, 400)
        except Exception as error:
            traceback.print_exc()
            text = f"emulator: {type(error).__name__}: {error}"
            return wire.error_answer(call, "InternalFailure", text, 500)

    def _ask_moto(self, environ: wire.Environ) -> wire.Answer:
        chunks, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
        body = b"".join(chunks)
        return wire.Answer(int(status.split()[0]), list(headers), body)


class Handler(MotoRequestHandler):
    """moto's request handler, but with whole answers and connections that stay open.

    The handler it comes from sends head and body apart and closes every connection.
    On a busy machine the AWS SDK for Go then loses about one answer in a thousand: it
    gives the connection up between the two, and sends the call again. By then the role
    exists, or the template is gone. It also says nothing of each request.
    """

    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        if "Transfer-Encoding" in self.headers:  # where its end is, is not our business
            self.close_connection = True
        self.environ = environ = self.make_environ()
        try:
            answer = self.server.app.answer(environ)
        except Exception:
            traceback.print_exc()
            answer = wire.Answer(500, [], b"")
            self.close_connection = True
        self.send_response(answer.status, responses.get(answer.status, "Unknown"))
        for name, value in answer.headers:
            if name.lower() not in ("connection", "content-length", "date", "server"):
                self.send_header(name, value)
        has_body = self.command != "HEAD" and answer.status not in (204, 304)
        if has_body:
            self.send_header("Content-Length", str(len(answer.body)))
        elif self.command == "HEAD" and answer.header("Content-Length"):
            self.send_header("Content-Length", str(answer.header("Content-Length")))
        if self.close_connection:
            self.send_header("Connection", "close")
        # end_headers() would send the head at once.
        self._headers_buffer += [b"\r\n", answer.body if has_body else b""]
        self.flush_headers()

    def log(self, type: str, message: str, *args: Any) -> None:
        if type == "error":
            super().log(type, message, *args)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument(
        "--detached", action="store_true", help="do not exit when stdin closes"
    )
    options = parser.parse_args()

    emulator = Emulator()
    emulator.preload()
    server = make_server(
        options.host,
        options.port,
        emulator,
        threaded=True,
        request_handler=Handler,
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"ready http://{options.host}:{server.server_port}", flush=True)
    if options.detached:
        threading.Event().wait()
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)  # threads that hold a call must not keep the process alive


if __name__ == "__main__":
    main()
