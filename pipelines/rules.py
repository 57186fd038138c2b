"""Fixed rules that choose encoders and reservoirs from what streams have in common.

What `draft_recipe` writes and what `SensorClassifier` builds; nothing here looks at labels.
"""

from math import ceil, sqrt
from typing import Any

from mottle.datasets.sources.survey import SenseFacts

MOST_ROWS = 1000  # of a recording, up to which its rows are the steps of the drive
STEPS, EVENT_STEPS = 200, 24  # of longer ones, and of events
SLOW, SOUND = 20.0, 4000.0  # samples a second
RATES = 1.5  # ratio of sampling rates, from which a row is no step
CELLS = 2400  # most cells of a camera
FIELD, REGIONS, SEGMENTS = 5, 4, 3  # of shared receptive fields
SIZE = 2000  # features of a sense
POOL = ["mean", "std", "ppv", "last"]
STEP = 0.01  # s, device time of a step of the WOx preset
FIRING = 3.2e-6  # s, in which a cold VO2 film fires that is a deviation of its input above the bias


def encoder_of(facts: SenseFacts, several: bool = False) -> tuple[dict[str, Any], list[str]]:
    """Return kind and parameters of an encoder, and a comment on each choice.

    Parameters
    ----------
    facts : SenseFacts
        What was seen of a sense.
    several : bool, default=False
        Whether other senses have to have as many steps.

    Returns
    -------
    parameters : dict
        With the key "kind".
    comments : list of str

    Examples
    --------
    >>> facts = SenseFacts("samples", rows=(80, 90), rates=(100.0, 100.0), channels=["a"])
    >>> encoder_of(facts)[0]
    {'kind': 'TaxelDrive', 'n_steps': 'none', 'baseline': 'training'}
    """
    if facts.kind == "events":
        return events_encoder(facts)
    shortest, longest = facts.rows
    seconds = facts.seconds
    if facts.rates is not None and facts.rates[0] >= SOUND and not several:
        return {"kind": "SoundDrive", "loudness": False}, [
            "sound: the shape of the spectrum in frequency bands and its onsets, every 10 ms; "
            "loudness = true keeps how loud it is"
        ]
    comments = []
    n_steps: Any = min(STEPS, shortest)
    rates = facts.rates or (1.0, 1.0)
    if rates[1] > RATES * rates[0]:
        comments.append(
            f"{rates[0]:.4g} to {rates[1]:.4g} rows a second are averaged in {n_steps} steps "
            "over the whole of a recording"
        )
    elif longest <= MOST_ROWS and (not several or shortest == longest):
        n_steps = "none"
        comments.append(f"the {shortest} to {longest} rows of a recording are its steps")
    else:
        comments.append(
            f"{shortest} to {longest} rows are averaged in {n_steps} steps, none is stretched"
        )
    slow = seconds is not None and seconds[1] >= 20 and facts.rates and facts.rates[1] <= SLOW
    drift = f"levels differ {facts.drift:.2g} times as much between recordings as within them"
    if slow and facts.positive:
        comments.append("slow and above 0: ratios to the training mean, which keep the level")
        comments.append(f"{drift}; baseline = 10.0 (s) keeps only the change since the beginning")
        return {"kind": "GasDrive", "n_steps": n_steps, "baseline": "none"}, comments
    comments.append(
        "the training mean is subtracted, which keeps the level; baseline = 'first' keeps only the "
        f"change since the first row ({drift})"
    )
    found: dict[str, Any] = {"kind": "TaxelDrive", "n_steps": n_steps, "baseline": "training"}
    if n_steps != "none" and facts.rates is not None and facts.rates[1] >= 2000:
        found["statistics"] = ["std", "diff"]
        comments.append("sound or vibration: spread and change within each step")
    return found, comments


def events_encoder(facts: SenseFacts) -> tuple[dict[str, Any], list[str]]:
    """Return the encoder of an event camera."""
    width, height = facts.sensor_size or (1, 1)
    cell = max(1, ceil(sqrt(2 * width * height / CELLS)))
    longest = facts.seconds[1] if facts.seconds else 1.0
    parameters = {
        "kind": "EventRate", "n_steps": EVENT_STEPS, "sensor_size": [width, height], "cell": cell,
        "duration": float(f"{longest:.3g}") or 1.0,
    }  # fmt: skip
    comments = [
        f"counts in cells of {cell} x {cell} pixels and {EVENT_STEPS} steps of the longest "
        "recording that was read; events after it are left out"
    ]
    parameters["on_drop"] = "ignore"
    return parameters, comments


def steps_of(facts: SenseFacts, encoder: dict[str, Any], most: bool = False) -> int:
    """Return the number of steps that an encoder gives, of the shortest or longest recording."""
    if encoder["kind"] == "SoundDrive":
        return max(1, int(100 * facts.seconds[most])) if facts.seconds else 1
    return facts.rows[most] if encoder["n_steps"] == "none" else int(encoder["n_steps"])


def frame_of(encoder: dict[str, Any]) -> list[int] | None:
    """Return rows, columns and channels of the cells of an event encoder; None of others."""
    if encoder["kind"] != "EventRate":
        return None
    width, height = encoder["sensor_size"]
    return [ceil(height / encoder["cell"]), ceil(width / encoder["cell"]), 2]


def reservoir_of(
    facts: SenseFacts, encoder: dict[str, Any], kind: str = "MemristorReservoir", *,
    size: int = SIZE, alone: bool = True,
) -> tuple[dict[str, Any], list[str]]:  # fmt: skip
    """Return kind and parameters of a reservoir behind an encoder, and comments.

    Parameters
    ----------
    facts : SenseFacts
        What was seen of the sense.
    encoder : dict
        From `encoder_of`.
    kind : str, default="MemristorReservoir"
        Class of the reservoir.
    size : int, default=2000
        Number of features, at most.
    alone : bool, default=True
        Whether the reservoir serves this sense only, and may know the shape of its frame.

    Examples
    --------
    >>> facts = SenseFacts("samples", rows=(80, 90), channels=["a"])
    >>> reservoir_of(facts, encoder_of(facts)[0])[0]["n_nodes"]
    500
    """
    frame = frame_of(encoder)
    steps = steps_of(facts, encoder, most=True)
    if alone and frame is not None and min(frame[:2]) >= FIELD + REGIONS - 1:
        n_kernels = max(1, size // (REGIONS**2 * SEGMENTS))
        own = {
            "n_nodes": n_kernels * REGIONS**2, "wiring": "convolution", "input_shape": frame,
            "pool": "mean", "n_segments": SEGMENTS,
        }  # fmt: skip
        comments = [
            f"{n_kernels} kernels of {FIELD} x {FIELD} cells over all positions; features are mean "
            f"states in {REGIONS} x {REGIONS} regions and {SEGMENTS} parts of the recording"
        ]
    else:
        own = {
            "n_nodes": max(1, size // len(POOL)), "wiring": "dilated", "fan_in": "none",
            "pool": POOL,
        }  # fmt: skip
        comments = [
            "nodes see channels at evenly spaced earlier steps; features are mean, spread, last "
            "state and fraction of steps above the training median"
        ]
    if kind == "MemristorReservoir":
        own["tau"] = [STEP, max(2, steps) * STEP]
        comments.append("tau: memory of one step to the longest recording")
    if kind == "VO2Reservoir":
        own |= {"regime": "excitable", "dt_device": FIRING, "dtype": "float32"}
        comments.append(
            "films rest below their window; a step is as long as one takes to fire that its input "
            "lifts a deviation above the bias"
        )
    return {"kind": kind, **own}, comments


def variants_of(
    encoder: dict[str, Any], reservoir: dict[str, Any]
) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return what a search tries instead of the rules: in words, encoder and reservoir.

    Examples
    --------
    >>> found = variants_of({"kind": "TaxelDrive"}, {"wiring": "dilated", "n_nodes": 500,
    ...                     "pool": POOL, "kind": "EchoStateReservoir"})
    >>> found[0][0], found[0][2]["n_segments"]
    ('mean and last state in 3 parts of the recording', 3)
    """
    found: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    if reservoir.get("wiring") == "dilated":
        n = reservoir["n_nodes"]
        found += [
            ("mean and last state in 3 parts of the recording", encoder, reservoir | {
                "pool": ["mean", "last"], "n_segments": 3, "n_nodes": max(1, 2 * n // 3)}),
            ("fractions of steps above four quantiles", encoder, reservoir | {"pool": "ppv4"}),
            ("half as many nodes", encoder, reservoir | {"n_nodes": max(1, n // 2)}),
        ]  # fmt: skip
        if "tau" in reservoir:
            short, long = reservoir["tau"]
            found.append(("memory of a tenth of the recording at most", encoder,
                          reservoir | {"tau": [short, max(2 * short, long / 10)]}))  # fmt: skip
        plain = {name: one for name, one in reservoir.items() if name != "fan_in"}
        found.append(("nodes see the present step alone", encoder, plain | {"wiring": "random"}))
    if reservoir.get("wiring") == "convolution":
        found += [
            ("one part of the recording", encoder, reservoir | {"n_segments": 1}),
            ("mean and last state", encoder, reservoir | {"pool": ["mean", "last"]}),
            ("fields of 7 x 7 cells", encoder, reservoir | {"field": 7}),
        ]  # fmt: skip
    others: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "TaxelDrive": [("change since the first row", {"baseline": "first"})],
        "GasDrive": [("change since the first 10 s", {"baseline": 10.0})],
        "EventRate": [("logarithm of counts", {"compress": "log"})],
    }
    found += [
        (words, encoder | changed, reservoir) for words, changed in others.get(encoder["kind"], [])
    ]
    return found


def baseline_of(facts: SenseFacts, encoder: dict[str, Any]) -> dict[str, Any]:
    """Return the pooling of drives without a reservoir."""
    parts = min(4, max(1, steps_of(facts, encoder) // 4))
    pool: dict[str, Any] = {"kind": "NoReservoir", "pool": "mean"}
    return pool if parts < 2 else pool | {"n_segments": parts}
