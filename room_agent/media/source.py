"""The interface of a camera: named pictures, one after the other."""

from typing import Protocol

from av import VideoFrame


class ExamCamera(Protocol):
    """One camera. *name_key* is a catalogue key (``camera.otoscope``)."""

    @property
    def camera(self) -> str: ...

    @property
    def name_key(self) -> str: ...

    @property
    def simulated(self) -> bool: ...

    async def frame(self) -> VideoFrame:
        """The next picture, paced by the camera.

        Raises:
            CameraGone: it is unplugged or cannot be opened; asking again tries to open it again.
        """

    async def close(self) -> None: ...


class CameraGone(Exception):
    """The camera gives no picture now. *code* is for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
