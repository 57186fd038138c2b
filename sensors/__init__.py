"""Streams in, drives out: encoders for event cameras, taxels, joints and gas sensors."""

if "." not in __name__:
    raise ImportError("import mottle.sensors instead", name=__name__)

from typing import TYPE_CHECKING

from mottle import open_lazily

if TYPE_CHECKING:
    from mottle.events import EVENT_DTYPE, as_streams, check_events
    from mottle.sensors.base import EncoderState
    from mottle.sensors.columns import make_events
    from mottle.sensors.delta import LevelCrossing
    from mottle.sensors.events import EventRate, TimeSurface
    from mottle.sensors.gaps import FillGaps
    from mottle.sensors.gas import GasDrive
    from mottle.sensors.latency import EventLatency
    from mottle.sensors.masks import TimeMask
    from mottle.sensors.reverse import ReverseTime
    from mottle.sensors.sound import SoundDrive
    from mottle.sensors.stack import DriveStack
    from mottle.sensors.streams import check_samples
    from mottle.sensors.tactile import TaxelDrive
    from mottle.sensors.tonic import TonicTransformer

__all__ = [
    "EVENT_DTYPE",
    "DriveStack",
    "EncoderState",
    "EventLatency",
    "EventRate",
    "FillGaps",
    "GasDrive",
    "LevelCrossing",
    "ReverseTime",
    "SoundDrive",
    "TaxelDrive",
    "TimeMask",
    "TimeSurface",
    "TonicTransformer",
    "as_streams",
    "check_events",
    "check_samples",
    "make_events",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = open_lazily(__name__)
