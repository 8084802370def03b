"""The demo's tray: a real SMTP server and a real gateway for text messages that keep what they get for a look.

Nothing leaves this machine; the page says that it is simulated. SMTP as far as one client needs it (RFC 5321).
"""

import asyncio
import html
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEPT = 200
LONGEST = 1_000_000
START_S = 10.0
NOTE = "Simuliert: Diese Nachrichten haben den Rechner nicht verlassen."
PAGE = """<!doctype html><html lang="de"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Nachrichten der Demo</title></head><body>
<h1>Nachrichten der Demo</h1><p><strong>{note}</strong></p>{found}</body></html>"""
ONE = "<article><h2>{kind} an {to}, {at}</h2><p>{subject}</p><pre>{text}</pre></article>"


@dataclass(frozen=True)
class Message:
    kind: str
    to: str
    subject: str
    text: str
    at: str = field(default_factory=lambda: datetime.now().strftime("%H:%M:%S"))


@dataclass
class Tray:
    """What came, newest first. *smtp_port* takes mails; *port* has the page, and takes text messages by POST."""

    smtp_port: int = 0
    port: int = 0
    messages: deque[Message] = field(default_factory=lambda: deque(maxlen=KEPT))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def page(self) -> str:
        found = "".join(
            ONE.format(**{name: html.escape(text) for name, text in vars(one).items()}) for one in self.messages
        )
        return PAGE.format(note=NOTE, found=found or "<p>Noch keine.</p>")

    async def take_mail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One SMTP client, from greeting to QUIT."""
        to = ""
        writer.write(b"220 tray\r\n")
        try:
            while line := (await reader.readline()).decode("ascii", "replace").strip():
                command, answer = line.upper(), b"250 OK\r\n"
                if command.startswith("RCPT TO:"):
                    to = line[8:].partition(">")[0].strip(" <")
                elif command == "DATA":
                    writer.write(b"354 go on\r\n")
                    self.keep(to, await reader.readuntil(b"\r\n.\r\n"))
                elif command == "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                elif not command.startswith(("EHLO", "HELO", "MAIL", "RSET", "NOOP")):
                    answer = b"502 not here\r\n"
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # a client that breaks off
        finally:
            writer.close()

    def keep(self, to: str, data: bytes) -> None:
        mail = message_from_bytes(data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."), policy=default)
        assert isinstance(mail, EmailMessage)
        body = mail.get_body(("plain",))
        more = "".join(f"\n[{part.get_filename()}]" for part in mail.iter_attachments())
        text = (str(body.get_content()).replace("\r\n", "\n") if body else "") + more
        self.messages.appendleft(Message("E-Mail", to, str(mail["Subject"]), text))


@contextmanager
def running(port: int = 0) -> Iterator[Tray]:
    """The tray, with its page on *port* or a free one."""
    tray, loop, over, up = Tray(), asyncio.new_event_loop(), asyncio.Event(), threading.Event()

    async def smtp() -> None:
        server = await asyncio.start_server(tray.take_mail, "127.0.0.1", 0, limit=LONGEST)
        tray.smtp_port = server.sockets[0].getsockname()[1]
        up.set()
        await over.wait()
        server.close()

    web = _web(tray, port)
    tray.port = web.server_port
    threads = [
        threading.Thread(target=loop.run_until_complete, args=[smtp()]),
        threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.1}),
    ]
    for thread in threads:
        thread.start()
    up.wait(START_S)
    try:
        yield tray
    finally:
        loop.call_soon_threadsafe(over.set)
        web.shutdown()
        for thread in threads:
            thread.join()
        web.server_close()


def _web(tray: Tray, port: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, tray.page().encode())

        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(min(LONGEST, int(self.headers["Content-Length"]))))
            tray.messages.appendleft(Message("SMS", told["to"], "", told["text"]))
            self._answer(202, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
