"""What every message between the programs has in common."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints


class Message(BaseModel):
    """Senders are strict; readers skip what they do not know, so a field may be added but never change meaning."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def to_wire(self) -> str:
        """The JSON text that is sent."""
        return self.model_dump_json()


Moment = Annotated[datetime, AwareDatetime]
"""An aware moment; on the wire ISO 8601 with an offset."""

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9\-.]{1,64}$")]
"""A FHIR R4 id (datatypes, id)."""

Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]*$", max_length=512)]
"""URL-safe base64 without padding."""
