"""Builds one monitor from its settings."""

from dataclasses import dataclass

from signage.feed import Bulletin, Feed, Pace
from signage.pairing import Identity
from signage.settings import Settings


@dataclass(frozen=True)
class Monitor:
    """What the app needs: the bulletin that it shows, and the feed that fills it."""

    bulletin: Bulletin
    feed: Feed


def build(settings: Settings, *, pace: Pace | None = None) -> Monitor:
    bulletin = Bulletin()
    identity = Identity.load_or_make(settings.state_dir)
    feed = Feed(settings.agent_url, identity, bulletin, code=settings.pairing_code, pace=pace or Pace())
    return Monitor(bulletin, feed)
