"""A TURN client (RFC 8656) that can be told to ask for what no honest client asks; over UDP, TCP or TLS, blocking."""

import socket
import ssl
import struct
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal

from aioice import stun
from aioice.turn import UDP_TRANSPORT, make_integrity_key

ANSWER_S = 3.0
IPV4, IPV6 = 0x01000000, 0x02000000

_FAMILY: stun.AttributeEntry = (0x0017, "REQUESTED-ADDRESS-FAMILY", stun.pack_unsigned, stun.unpack_unsigned)
stun.ATTRIBUTES_BY_NAME.setdefault(_FAMILY[1], _FAMILY)
stun.ATTRIBUTES_BY_TYPE.setdefault(_FAMILY[0], _FAMILY)


@dataclass
class Turn:
    """One client of a relay. *ca*: the file with the certificate that it trusts, for TLS."""

    host: str
    port: int
    user: str
    password: str
    way: Literal["udp", "tcp", "tls"] = "udp"
    ca: str = ""
    answer_s: float = ANSWER_S
    relayed: tuple[str, int] = ("", 0)
    challenges: int = 0
    """How often the relay asked who we are, and gave a new nonce."""
    _known: dict[str, Any] = field(default_factory=dict)
    _key: bytes = b""
    _channel: int = 0x4000

    def __enter__(self) -> "Turn":
        if self.way == "udp":
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
            self._socket.connect((self.host, self.port))
        else:
            self._socket = socket.create_connection((self.host, self.port), self.answer_s)
        if self.way == "tls":
            trusting = ssl.create_default_context(cafile=self.ca)
            self._socket = trusting.wrap_socket(self._socket, server_hostname=self.host)
        self._socket.settimeout(self.answer_s)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def allocate(self, family: int = IPV4) -> int:
        """0, or the error's code."""
        code, answer = self._ask(
            stun.Method.ALLOCATE,
            {"REQUESTED-TRANSPORT": UDP_TRANSPORT, "LIFETIME": 600, "REQUESTED-ADDRESS-FAMILY": family},
        )
        self.relayed = answer.attributes.get("XOR-RELAYED-ADDRESS", self.relayed)
        return code

    def permit(self, address: str) -> int:
        """Ask to carry to *address*: 0, or the error's code."""
        return self._ask(stun.Method.CREATE_PERMISSION, {"XOR-PEER-ADDRESS": (address, 4711)})[0]

    def bind(self, address: str) -> int:
        """The same by a channel, a new one each time."""
        self._channel += 1
        asked = {"CHANNEL-NUMBER": self._channel, "XOR-PEER-ADDRESS": (address, 4711)}
        return self._ask(stun.Method.CHANNEL_BIND, asked)[0]

    def refresh(self) -> int:
        """Ask for ten more minutes: 0, or the error's code."""
        return self._ask(stun.Method.REFRESH, {"LIFETIME": 600})[0]

    def send(self, address: tuple[str, int], data: bytes) -> None:
        """Carry *data* there, if it is permitted."""
        told = stun.Message(stun.Method.SEND, stun.Class.INDICATION)
        told.attributes.update({"XOR-PEER-ADDRESS": address, "DATA": data})
        self._socket.sendall(bytes(told))

    def received(self) -> bytes:
        """The next data that was carried to us."""
        while (message := self._next()).message_method is not stun.Method.DATA:
            continue
        data: bytes = message.attributes["DATA"]
        return data

    def _ask(self, method: stun.Method, attributes: dict[str, Any]) -> tuple[int, stun.Message]:
        answer = self._once(method, attributes)
        if answer.error_code in (401, 438) and answer.attributes.get("NONCE") != self._known.get("NONCE"):
            self.challenges += 1
            realm, nonce = answer.attributes["REALM"], answer.attributes["NONCE"]
            self._known = {"USERNAME": self.user, "REALM": realm, "NONCE": nonce}
            self._key = make_integrity_key(self.user, realm, self.password)
            answer = self._once(method, attributes)
        return answer.error_code or 0, answer

    def _once(self, method: stun.Method, attributes: dict[str, Any]) -> stun.Message:
        request = stun.Message(method, stun.Class.REQUEST, attributes={**attributes, **self._known})
        if self._key:
            request.add_message_integrity(self._key)
        self._socket.sendall(bytes(request))
        while (answer := self._next()).transaction_id != request.transaction_id:
            continue
        return answer

    def _next(self) -> stun.Message:
        if self.way == "udp":
            return stun.parse_message(self._socket.recv(65536))
        head = self._exactly(20)
        return stun.parse_message(head + self._exactly(struct.unpack("!H", head[2:4])[0]))

    def _exactly(self, length: int) -> bytes:
        found = b""
        while len(found) < length:
            piece = self._socket.recv(length - len(found))
            if not piece:
                raise ConnectionError("the relay has hung up")
            found += piece
        return found
