"""What the room's machine is told from outside, read once at the start (``TELEMED_ROOM_…``)."""

from dataclasses import dataclass
from pathlib import Path

from room_agent import keyboard
from room_agent.devices import config
from room_agent.devices.config import RoomDevices
from room_agent.devices.simulated.scenario import Fault
from room_agent.keyboard import Keyboard
from room_agent.media import repertoire
from schemas.measurement import MeasurementKind
from telemed.kit.settings import BadSetting, public_keys

PREFIX = "TELEMED_ROOM_"
NO_FILE = Path()


@dataclass(frozen=True)
class Settings:
    """*pairing_code* is used once, while this machine belongs to no room. *simulated*: devices that are programs.

    *devices*: the file of the real ones (`room_agent.devices.config`); without it there are none.
    *simulated_measuring_s*: how long their cuff takes. *simulated_faults*: what is wrong with them, as
    ``blood-pressure=truncated,oximeter=absent`` (kinds of `MeasurementKind`, faults of `simulated.Fault`).
    *simulated_sound*: what their stethoscope hears (`media.repertoire`): ``heart``, ``breath``, or a recording.
    *turn_url*: the relay, like ``turn:host:3478?transport=udp``; *turn_credential*: a file with ``user:password``.
    *operator_keys*: who may sign the roster, public keys with commas between them. None: no roster is believed.
    *relay_only*: never tell anybody this room's own address, and use no way but the relay.
    *keys*: the three big keys beside the screen (`room_agent.keyboard`); empty for none.
    *block_after_s*: how long a device may be red before a visit, until the centre is told to plan without it.
    """

    centre_url: str
    state_dir: Path
    host: str = "127.0.0.1"
    port: int = 8200
    pairing_code: str = ""
    devices: Path = NO_FILE
    simulated: bool = False
    simulated_measuring_s: float = 4.0
    simulated_faults: str = ""
    simulated_sound: str = "heart"
    turn_url: str = ""
    turn_credential: Path = Path("turn-credential")
    relay_only: bool = False
    operator_keys: str = ""
    block_after_s: float = 120.0
    keys: str = "yes=F14,no=F15,help=F13"

    def __post_init__(self) -> None:
        """
        Raises:
            BadSetting: the faults, the keys or the devices' file cannot be read, or there are both kinds of devices.
        """
        self.operators  # noqa: B018 - asked for here, so that a wrong one stops the start
        self.faults  # noqa: B018 - likewise
        self.keyboard  # noqa: B018 - likewise
        self.room_devices  # noqa: B018 - likewise
        if self.simulated:
            self._check_sound()
        if self.simulated and self.devices != NO_FILE:
            raise BadSetting(f"{PREFIX}SIMULATED and {PREFIX}DEVICES exclude each other")

    @property
    def operators(self) -> tuple[str, ...]:
        """
        Raises:
            BadSetting: an operator's key is none.
        """
        return public_keys(f"{PREFIX}OPERATOR_KEYS", self.operator_keys)

    @property
    def keyboard(self) -> Keyboard:
        """
        Raises:
            BadSetting: the keys cannot be read.
        """
        try:
            return keyboard.read(self.keys)
        except keyboard.BadKeys as error:
            raise BadSetting(f"{PREFIX}KEYS: {error}") from None

    @property
    def room_devices(self) -> RoomDevices:
        """
        Raises:
            BadSetting: see `config.read`.
        """
        return RoomDevices() if self.devices == NO_FILE else config.read(self.devices)

    def _check_sound(self) -> None:
        try:
            repertoire.loop(self.simulated_sound)
        except ValueError as error:
            raise BadSetting(f"{PREFIX}SIMULATED_SOUND: {error}") from None

    @property
    def faults(self) -> dict[MeasurementKind, Fault]:
        """
        Raises:
            BadSetting: not a known kind and fault.
        """
        pairs = [pair.partition("=") for pair in self.simulated_faults.split(",") if pair]
        try:
            return {MeasurementKind(kind): Fault(fault) for kind, _, fault in pairs}
        except ValueError as error:
            raise BadSetting(f"{PREFIX}SIMULATED_FAULTS: {error}") from None
