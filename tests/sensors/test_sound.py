"""Sound drives: filters against a plain convolution, causality, rates and silence."""

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal

from mottle.pipelines import SensorClassifier, SensorRegressor
from mottle.sensors import SoundDrive
from mottle.sensors.sound import bandwidths, erb_spaced, loudness_explains

RATE = 8000.0


def sound(wave, rate=RATE):
    values = np.atleast_2d(np.asarray(wave, dtype=float).T).T
    time = np.arange(len(values)) / rate
    return xr.DataArray(values, dims=("time", "channel"), coords={"time": time})


def tone(frequency, n=1600):
    return np.sin(2 * np.pi * frequency * np.arange(n) / RATE)


def noise(n=1600, seed=0):
    return np.random.default_rng(seed).normal(size=n)


def test_energies_are_those_of_gammatone_impulse_responses():
    wave = noise(400)
    encoder = SoundDrive(5, onset=False, scale=None).fit(sound(wave))
    expected = np.empty((5, 5))
    n = np.arange(400)
    for band, frequency in enumerate(encoder.frequencies_):
        decay = np.exp(-2 * np.pi * 1.019 * bandwidths(frequency) / RATE)
        ways = (n + 1) * (n + 2) * (n + 3) / 6  # of n delays shared by four filters
        response = (1 - decay) ** 4 * ways * decay**n * np.exp(2j * np.pi * frequency / RATE * n)
        filtered = np.convolve(wave, response)[:400]
        expected[:, band] = (np.abs(filtered) ** 2).reshape(5, 80).mean(axis=1)
    levels = np.log(expected + encoder.floor_) - encoder.center_
    assert_allclose(encoder.transform(sound(wave)), levels, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("frequency", [150.0, 600.0, 2500.0])
def test_a_tone_lifts_the_band_about_its_frequency(frequency):
    encoder = SoundDrive(24, onset=False, scale=None).fit(sound(noise()))
    drive = encoder.transform(sound(tone(frequency)))
    band = np.abs(encoder.frequencies_ - frequency).argmin()
    assert abs(int((drive[10:] + encoder.center_).mean(axis=0).argmax()) - band) <= 1


def test_later_samples_and_other_recordings_do_not_matter():
    waves = [sound(noise(800, seed)) for seed in range(4)]
    encoder = SoundDrive().fit(waves)
    drives = encoder.transform(waves)
    assert_array_equal(encoder.transform(waves[2]), drives[2])
    assert_array_equal(encoder.transform(waves[2][:400]), drives[2][:5])
    assert encoder.input_shape_ == (1, 1, 48)
    names = encoder.get_feature_names_out()
    assert names[0] == "channel0_80Hz"
    assert names[24] == "channel0_80Hz_onset"


def test_onsets_rise_with_a_sound_and_fade_while_it_lasts():
    wave = np.concatenate([1e-3 * noise(2400), noise(2400, 1)])
    encoder = SoundDrive(8, scale=None).fit(sound(wave))
    rise = encoder.transform(sound(wave))[:, 8:].mean(axis=1)
    assert rise[30:33].max() > 3 * rise[45:].max()


@pytest.mark.parametrize("onset", [True, False])
def test_loudness_leaves_the_bands(onset):
    waves = [sound(np.stack([noise(960, seed), noise(960, 9)], axis=1)) for seed in range(2)]
    plain = SoundDrive(6, onset=onset, scale=None).fit(waves)
    bands = np.stack(plain.transform(waves)).reshape(2, 12, 2, -1, 6)  # of levels, then onsets
    whole = bands.mean(axis=-1)
    encoder = SoundDrive(6, onset=onset, loudness=False, scale=None).fit(waves)
    drive = np.stack(encoder.transform(waves)).reshape(2, 12, 2, -1)
    assert_allclose(drive[..., :6], bands[..., 0, :] - whole[..., :1], atol=1e-12)
    assert_allclose(drive[..., 6:], whole[..., 1:], atol=1e-12)
    names = list(encoder.get_feature_names_out())
    assert names[6 : drive.shape[-1]] == ["channel0_onset"] * onset
    louder = [wave * 10.0 for wave in waves]
    assert_allclose(encoder.transform(louder), encoder.transform(waves), atol=0.1)
    assert (plain.transform(louder)[0][:, :6] > plain.transform(waves)[0][:, :6] + 4).all()


def test_loudness_that_tells_the_classes_is_noticed():
    rng = np.random.default_rng(0)
    waves = [sound(noise(1600, k) * (1 + 4 * (k % 2)) * rng.uniform(0.8, 1.2)) for k in range(30)]
    labels = np.arange(30) % 2
    with pytest.warns(UserWarning, match=r"loudness=False subtracts .* loudness=True keeps it"):
        SoundDrive(loudness=False).fit(waves, labels)
    model = SensorClassifier(size=60, random_state=0).fit(waves[:20], labels[:20])
    assert model.pipeline_[1].transformers_[0][1][0].loudness
    assert model.score(waves[20:], labels[20:]) == 1
    same = [wave / wave.std() for wave in waves]
    other = SensorClassifier(size=60, random_state=0).fit(same, labels)
    assert not other.pipeline_[1].transformers_[0][1][0].loudness
    loud = np.array([float(np.log(wave.std())) for wave in waves])
    assert loudness_explains(waves, loud)
    whole = SensorRegressor(size=60, random_state=0).fit(waves, np.round(1000 * loud).astype(int))
    assert whole.pipeline_[1].transformers_[0][1][0].loudness
    assert not loudness_explains(same, loud)


def test_silence_several_channels_and_short_sounds_are_taken():
    silent = SoundDrive().fit(sound(np.zeros(1600))).transform(sound(np.zeros(1600)))
    assert_array_equal(silent, np.zeros_like(silent))
    both = np.stack([noise(), tone(300.0)], axis=1)
    pair = SoundDrive(6, onset=False, scale=None).fit(sound(both))
    single = SoundDrive(6, onset=False, scale=None).fit(sound(both[:, 1]))
    assert_allclose(pair.transform(sound(both))[:, 6:], single.transform(sound(both[:, 1])))
    assert SoundDrive().fit(sound(noise(30))).transform(sound(noise(30))).shape == (1, 48)


def test_what_is_no_sound_is_refused():
    with pytest.raises(ValueError, match=r"sampling rate of 1 Hz, .*give the streams a time in s"):
        SoundDrive().fit(noise()[:, np.newaxis])
    encoder = SoundDrive().fit(sound(noise()))
    with pytest.raises(ValueError, match="16000 samples a second, the training recordings 8000"):
        encoder.transform(sound(noise(), 16000.0))
    with pytest.raises(ValueError, match="f_min=80 to 5000 Hz do not fit the sampling rate"):
        SoundDrive(f_max=5000.0).fit(sound(noise()))
    with pytest.raises(ValueError, match="dt=1e-05 s is shorter than a sample at 8000 Hz"):
        SoundDrive(dt=1e-5).fit(sound(noise())).start()
    state, _ = encoder.advance(encoder.start(), [sound(noise(100), 2000.0)])
    late = sound(noise(4000), 2000.0)[100:]
    with pytest.raises(
        ValueError, match=r"2000 samples a second came in the 1\.9995 s since the run"
    ):
        encoder.advance(state, [late])


@pytest.mark.parametrize("dt", [0.01, 0.0103, 1 / 7000])
@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("loudness", [True, False])
def test_chunks_of_any_length_give_the_steps_of_the_whole(dt, timed, loudness):
    waves = [sound(np.stack([noise(960, seed), noise(960, 9)], axis=1)) for seed in range(2)]
    encoder = SoundDrive(4, dt=dt, loudness=loudness).fit(waves)
    whole = encoder.transform(waves)
    state, drives, begin = encoder.start(2), [], 0
    for n in (1, 1, 350, 3, 80, 525):
        chunk = [wave[begin : begin + n] for wave in waves]
        given = chunk if timed else np.stack([wave.values for wave in chunk])
        state, drive = encoder.advance(state, given)
        drives.append(drive)
        begin += n
    live = np.concatenate(drives, axis=1)
    same = len(whole[0]) - 1  # the last step of the whole takes all samples that are left
    assert same <= live.shape[1] <= same + 2
    assert_array_equal(live[:, :same], whole[:, :same])
    if dt == 0.01:
        assert_array_equal(live, whole)


def test_bands_lie_evenly_on_the_scale_of_the_ear():
    centers = erb_spaced(80.0, 3600.0, 24)
    places = 21.4 * np.log10(4.37e-3 * centers + 1)
    assert_allclose(np.diff(places), np.diff(places)[0])
