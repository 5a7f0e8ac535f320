"""Whatever strangers send, a parser answers with its refusal, soon, and believes nothing that was damaged."""

import time
from collections.abc import Iterator

import pytest
from conftest import World
from hardening import targets
from hardening.targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.kit import secret

LONGEST = 1  # seconds of the processor


@pytest.fixture(scope="module", autouse=True)
def own_secret(whole_world: World) -> Iterator[None]:
    """Seal with a secret of this module's own, whatever the clock says."""
    targets.without_cloud()
    yield
    secret.forget()


def tried(name: str, data: bytes) -> None:
    """Run a target and hold it to its time."""
    begun = time.process_time()
    TARGETS[name].run(data)
    assert time.process_time() - begun < LONGEST


@pytest.mark.parametrize("name", TARGETS)
def test_sound_samples_are_read(name: str) -> None:
    """What is right passes, so what follows starts at the heart of each parser."""
    for sample in TARGETS[name].samples:
        tried(name, sample)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_noise_and_damage_are_refused(name: str, data: st.DataObject) -> None:
    """Random bytes, and sound ones that were cut, changed, doubled or nested."""
    noise = data.draw(st.binary(max_size=300))
    tried(name, noise)
    samples = TARGETS[name].samples
    damaged = bytearray(samples[data.draw(st.integers(0, len(samples) - 1))])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged)))
        cut = data.draw(st.sampled_from([0, 1, 2, 8, 64]))
        damaged[place : place + cut] = data.draw(st.one_of(st.binary(max_size=4), st.just(noise)))
    tried(name, bytes(damaged))
