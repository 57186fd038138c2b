"""BioTac slide: a robot rubs an artificial fingertip over twenty materials."""

import numpy as np

from mottle.checks import check_whole
from mottle.datasets.downloads.archive import read_arrays
from mottle.datasets.record import DataSet
from mottle.datasets.table import Recordings, make_table, sampled

RATE_HZ = 100
N_ROWS = 590
BIOTAC = {
    "pressure": ["pdc"],
    "vibration": [f"pac{number}" for number in range(1, 23)],
    "temperature": ["tdc", "tac"],
    "electrodes": [f"ele{number}" for number in range(1, 20)],
}
ROBOT = {
    "wrench": (["fx", "fy", "fz", "tx", "ty", "tz"], ["N"] * 3 + ["N m"] * 3),
    "velocity": (["v_x", "v_y"], "m/s"),
}


def load_biotac_slide(n_rows: int = N_ROWS) -> Recordings:
    """Load 200 slides of a BioTac over 20 materials, with the robot's force and velocity.

    Read from two npz files in ``biotac-slide`` of the data folder (`data_home`).

    Parameters
    ----------
    n_rows : int, default=590
        Rows at 100 Hz kept of every sense, at most 590.

    Returns
    -------
    Recordings
        200 rows = 20 materials x 10 samples. Six columns of `DataArray` (time, channel), recorded
        together and on one clock of 100 Hz:

        - ``pressure`` (1): static pressure ``pdc``, counts as published, units "1";
        - ``vibration`` (22): ``pac1`` to ``pac22``, the 22 samples taken within each 10 ms; the
          wave at 2.2 kHz is ``cell.to_numpy().ravel()``; counts;
        - ``temperature`` (2): ``tdc`` (static), ``tac`` (change); counts;
        - ``electrodes`` (19): impedances ``ele1`` to ``ele19``; counts;
        - ``wrench`` (6): force ``fx fy fz`` in N and torque ``tx ty tz`` in N m;
        - ``velocity`` (2): ``v_x``, ``v_y`` in m/s.

        ``target``: "mat01" to "mat20". ``groups``: sample number 1 to 10, in order of time, so
        that ``GroupKFold(5)`` tests on samples of all materials.

    Raises
    ------
    FileNotFoundError
        If a file is not there.
    ValueError
        If ``n_rows`` is out of range.

    Notes
    -----
    The length of a recording reveals material 1 (600 rows, others 800), so all are cut to 590 rows,
    since the shortest log of the robot ends at 5.92 s. The robot logged unevenly, at
    32 to 109 Hz (one log has a gap of 0.7 s); wrench and velocity are interpolated linearly, and
    before the first sample (at most 70 ms) that one is held. Its other velocities are left out:
    ``v_z`` is 0 within 1e-11 and the angular ones were not recorded. The counts of the BioTac
    came with their offsets removed by the publishers. No unit of wrench and velocity is stated;
    N, N m and m/s are inferred from their sizes.

    References
    ----------
    R. Gao, T. Taunyazov, Z. Lin, Y. Wu, Supervised Autoencoder Joint Learning on Heterogeneous
    Tactile Sensory Data, IROS 2020. No licence stated.

    Examples
    --------
    >>> table, target, groups = load_biotac_slide()  # doctest: +SKIP
    >>> table.shape, table["electrodes"].iloc[0].shape, str(target[0])  # doctest: +SKIP
    ((200, 6), (590, 19), 'mat01')
    """
    if check_whole("n_rows", n_rows) > N_ROWS:
        raise ValueError(
            f"n_rows={n_rows} must be at most {N_ROWS} (at {RATE_HZ} Hz): the shortest log of the "
            "robot ends there, and a difference in length reveals a material."
        )
    bio = read_arrays(DATA_SET.find("biotac_slide_bio_20x10.npz"))
    robot = read_arrays(DATA_SET.find("biotac_slide_wrench_velocity_20x10.npz"))
    order = np.lexsort((bio["sample"], bio["material"]))
    for key in ("material", "sample"):
        if not np.array_equal(bio[key], robot[key]):
            raise ValueError(f"the two files of biotac-slide differ in '{key}'; fetch both again")
    bio_fields, robot_fields = bio["fields"].tolist(), robot["fields"].tolist()
    time = np.arange(n_rows) / RATE_HZ
    senses: dict[str, list] = {name: [] for name in (*BIOTAC, *ROBOT)}
    for row in order:
        for name, channels in BIOTAC.items():
            at = [bio_fields.index(channel) for channel in channels]
            counts = bio["X"][row, :n_rows, at].T.astype(np.float64)
            senses[name].append(sampled(counts, time, channels, units="1", name=name))
        logged = slice(int(robot["length"][row]))
        at_time = robot["t"][row, logged].astype(np.float64)
        for name, (channels, units) in ROBOT.items():
            at = [robot_fields.index(channel) for channel in channels]
            values = robot["X"][row, logged][:, at].astype(np.float64)
            even = np.stack([np.interp(time, at_time, column) for column in values.T], axis=1)
            senses[name].append(sampled(even, time, channels, units=units, name=name))
    target = np.array([f"mat{number:02d}" for number in bio["material"][order]])
    groups = bio["sample"][order].astype(int)
    names = [f"{label}-{sample:02d}" for label, sample in zip(target, groups, strict=True)]
    table = make_table(index=names, **senses)
    table.attrs = DATA_SET.attributes(
        trap=f"The length reveals material 1: every sense is cut at {n_rows} rows."
    )
    return Recordings(table, target, groups)


DATA_SET = DataSet(
    name="biotac-slide",
    load=load_biotac_slide,
    senses=(*BIOTAC, *ROBOT),
    n_recordings=200,
    licence="none stated: use it, do not pass it on",
    citation=(
        "R. Gao et al., Supervised Autoencoder Joint Learning on Heterogeneous Tactile Sensory "
        "Data, IROS 2020"
    ),
    split="groups are sample numbers in order of time: GroupKFold tests on all materials",
    source="https://github.com/dexrob/BioTac_slide_20_50",
    attrs={"pairing": "co-recorded"},
)
