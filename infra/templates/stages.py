"""The stages of the cabinet and the names of their deployments."""

from typing import Final

STAGES: Final = ("dev", "prod")


def prefix_of(stage: str) -> str:
    """Return what all names of a deployment begin with: the value of CABINET_PREFIX. ValueError for another stage."""
    if stage not in STAGES:
        raise ValueError(f"There is no stage {stage!r}: choose {' or '.join(STAGES)}.")
    return f"cabinet-{stage}"
