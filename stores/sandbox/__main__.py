"""Run the sandbox: ``PORT=9100 python -m stores.sandbox``. For development, never in production."""

import os
import socketserver
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from stores.sandbox.app import Sandbox, from_settings

SECONDS_BETWEEN_TICKS = 3


class Server(socketserver.ThreadingMixIn, WSGIServer):
    """One thread a request; a slow one does not hold up the others."""

    daemon_threads = True
    request_queue_size = 64


class Handler(WSGIRequestHandler):
    """Says nothing: token calls carry secrets in their address."""

    timeout = 30

    def log_message(self, *_: object) -> None:
        """Write no line."""


def tick_on(sandbox: Sandbox, stopped: threading.Event) -> None:
    """Let time pass in the sandbox until it is stopped."""
    while not stopped.wait(SECONDS_BETWEEN_TICKS):
        sandbox.tick()


def main() -> None:
    host = os.environ.get("HOST", "127.0.0.1")
    port = int(os.environ.get("PORT", "9100"))
    sandbox, stopped = from_settings(), threading.Event()
    threading.Thread(target=tick_on, args=(sandbox, stopped), daemon=True).start()
    with make_server(host, port, sandbox, Server, Handler) as server:
        print(f"sandbox on http://{host}:{server.server_port}/control", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.exit(0)
        finally:
            stopped.set()


if __name__ == "__main__":
    main()
