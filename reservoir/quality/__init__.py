"""Quality measures of reservoirs, from states and input: memory, ranks, forgetting, consistency."""

from typing import TYPE_CHECKING

from mottle import open_lazily

if TYPE_CHECKING:
    from mottle.reservoir.quality.assess import measure, over_seeds
    from mottle.reservoir.quality.information import information_capacity
    from mottle.reservoir.quality.lyapunov import conditional_lyapunov
    from mottle.reservoir.quality.memory import memory_capacity
    from mottle.reservoir.quality.pasts import forgetting
    from mottle.reservoir.quality.ranks import kernel_rank, separation
    from mottle.reservoir.quality.replicas import consistency

__all__ = [
    "conditional_lyapunov",
    "consistency",
    "forgetting",
    "information_capacity",
    "kernel_rank",
    "measure",
    "memory_capacity",
    "over_seeds",
    "separation",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = open_lazily(__name__)
