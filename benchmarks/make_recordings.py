"""Make the recordings that ship with the package out of the raw ones in MOTTLE_DATA.

The same raw files give the same bytes. N-MNIST and iCub (with its copyright text) are taken as they
are, and their sha256 is checked; SmellNet is cut to ten foods: two of each of five kinds, the first
by name among those in whose recordings the climate sensor was not stuck. No score plays a part. The
kinds are everyday ones.
"""

import hashlib
import io
import shutil
import zipfile
from pathlib import Path

import numpy as np

from mottle.datasets.downloads.home import data_home
from mottle.datasets.sets.smellnet import load_smellnet

OUT = Path(__file__).parents[1] / "datasets" / "recordings"
COPIES = {
    "nmnist_100.npz": (
        "event-bundle/nmnist_100.npz",
        "40b9b384d60c00cfe7c8e3f02230279fa010cb874183d7440fd9d10ef61dec93",
    ),
    "icub_grasp.npz": (
        "icub-grasp/icub_grasp.npz",
        "4cb6af954d85b978c4c418d2d4121ae75e65f66d53bf37fd50ddf98d213e3e46",
    ),
    "README-icub-grasp.txt": (
        "icub-grasp/README.txt",
        "9de936ff0dbd4655b676e8599ae346f55f349ac108705541304c83cd99031cd0",
    ),
}
KINDS = {
    "nut": ["almond", "brazil_nut", "cashew", "chestnuts", "hazelnut", "peanuts", "pecans",
            "pili_nut", "pistachios", "walnuts"],
    "spice": ["allspice", "cinnamon", "cloves", "coriander", "cumin", "mustard", "nutmeg",
              "saffron", "star_anise"],
    "herb": ["angelica", "chamomile", "chervil", "chives", "dill", "mint", "mugwort", "oregano"],
    "fruit": ["apple", "avocado", "banana", "kiwi", "lemon", "mandarin_orange", "mango", "peach",
              "pear", "pineapple", "strawberry"],
    "vegetable": ["asparagus", "broccoli", "brussel_sprouts", "cabbage", "cauliflower", "garlic",
                  "ginger", "potato", "radish", "sweet_potato", "tomato", "turnip"],
}  # fmt: skip


def write_npz(path, **arrays):
    """Write an npz whose bytes depend on the arrays only: fixed times, fixed order."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            file = io.BytesIO()
            np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(member, file.getvalue(), compresslevel=9)


def choose_foods(recordings):
    """Return ten foods; a recording with a stuck climate sensor rules its food out."""
    stuck = {
        str(food)
        for food, stream in zip(recordings.target, recordings.table["smell"], strict=True)
        if np.ptp(stream.sel(channel="Pressure").to_numpy()) == 0
    }
    return [food for kind in KINDS.values() for food in [f for f in kind if f not in stuck][:2]]


def make_smellnet():
    recordings = load_smellnet()
    foods = sorted(choose_foods(recordings))
    cut = recordings.take(np.isin(recordings.target, foods))
    streams = list(cut.table["smell"])
    values = np.concatenate([stream.to_numpy() for stream in streams])
    hundredths = np.rint(values * 100).astype(np.int32)
    if not np.array_equal(hundredths / 100.0, values):
        raise ValueError("hundredths do not give the recordings back exactly")
    write_npz(
        OUT / "smellnet_10.npz",
        hundredths=hundredths.T,
        channel=np.array(streams[0]["channel"].to_numpy(), dtype="U"),
        n=np.array([stream.sizes["time"] for stream in streams], dtype=np.int64),
        food=cut.target,
        name=np.array(cut.table.index, dtype="U"),
    )
    return foods


def main():
    for name, (source, expected) in COPIES.items():
        raw = data_home() / source
        found = hashlib.sha256(raw.read_bytes()).hexdigest()
        if found != expected:
            raise ValueError(f"{raw} has sha256 {found}, expected {expected}")
        shutil.copyfile(raw, OUT / name)
    print("foods:", ", ".join(make_smellnet()))
    for path in sorted(OUT.glob("*.npz")):
        print(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
