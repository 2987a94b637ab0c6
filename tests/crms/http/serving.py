"""A server on loopback that answers as a test tells it, and calls to it."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

from chalicelib.crms.http.send import Send, sender
from chalicelib.vocabulary.delivery import Call

PUBLIC = "93.184.215.14"


@contextlib.contextmanager
def server(
    answer: Callable[[socket.socket, bytes], None], context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """One connection after another on 127.0.0.1: each whole request head is handed to `answer`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), connection:
                    stream = context.wrap_socket(connection, server_side=True) if context else connection
                    with stream:
                        request = b""
                        while b"\r\n\r\n" not in request:
                            received = stream.recv(65536)
                            if not received:
                                break
                            request += received
                        # A body left unread would make the closing a reset, which may overtake the answer.
                        head, _, body = request.partition(b"\r\n\r\n")
                        length = re.search(rb"(?i)content-length: (\d+)", head)
                        while length and len(body) < int(length[1]) and (received := stream.recv(65536)):
                            body += received
                        answer(stream, request)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@contextlib.contextmanager
def accepting(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """One connection on 127.0.0.1, handed to `serve` before anything is read from it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def says(content: bytes) -> Callable[[socket.socket, bytes], None]:
    return lambda connection, _request: connection.sendall(content)


def local(port: int, path: str = "/", **more: object) -> Call:
    return Call(method="GET", url=f"http://127.0.0.1:{port}{path}", **more)  # type: ignore[arg-type]


def private(**settings: object) -> Send:
    return sender(private_network=True, **{"connect_seconds": 1, "read_seconds": 1, **settings})  # type: ignore[arg-type]
