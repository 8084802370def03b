"""Builds one monitor from its settings."""

from dataclasses import dataclass, field

from signage.feed import Bulletin, Feed, Pace
from signage.layout import PAPER, Face, Layout, paper, usual
from signage.legible import Sizes
from signage.pairing import Identity
from signage.settings import Settings, face, loudspeaker, paper_sizes
from signage.sounds import Loudspeaker


@dataclass(frozen=True)
class Monitor:
    """What the app needs: the bulletin that it shows, the feed that fills it, and how it looks."""

    bulletin: Bulletin
    feed: Feed
    face: Face = field(default_factory=lambda: usual(Layout.WAITING_ROOM))
    loudspeaker: Loudspeaker | None = None
    """None: this monitor is silent."""
    paper: Sizes = field(default_factory=lambda: paper(*PAPER))
    """Of the door sign of electronic paper, which hangs beside."""


def build(settings: Settings, *, pace: Pace | None = None) -> Monitor:
    """One monitor.

    Raises:
        BadSetting: it could not be read where it hangs.
    """
    look, speaker, sign = face(settings), loudspeaker(settings), paper_sizes(settings)
    bulletin = Bulletin()
    identity = Identity.load_or_make(settings.state_dir)
    feed = Feed(settings.agent_url, identity, bulletin, code=settings.pairing_code, pace=pace or Pace())
    return Monitor(bulletin, feed, look, speaker, sign)
