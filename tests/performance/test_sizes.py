"""The sizes of what goes to the cloud, really built with its dependencies."""

from pathlib import Path

import pytest
from performance.published import publish

from infra import package


@pytest.mark.proof
def test_bundle_and_layers_are_within_their_limits_and_published(tmp_path: Path) -> None:
    """All three archives are built; no limit is passed, that of the base layer among them."""
    built = package.build(tmp_path)
    sizes = {one.path.name: (one.packed, one.unpacked) for one in built.archives}
    assert set(sizes) == {"bundle.zip", package.BASE_LAYER, "layer-typst.zip"}
    assert all(unpacked > packed > 0 for packed, unpacked in sizes.values())
    assert built.over_limits() == []
    limits = {package.BASE_LAYER: _megabytes(package.MAX_BASE_LAYER_BYTES)}
    rows = [(f"`{name}`", *map(_megabytes, both), limits.get(name, "")) for name, both in sizes.items()]
    together = [_megabytes(sum(one)) for one in zip(*sizes.values(), strict=True)]
    publish(
        "sizes",
        ("archive", "zip, MB", "unpacked, MB", "limit, unpacked"),
        [*rows, ("all together", *together, _megabytes(package.MAX_UNZIPPED_BYTES))],
    )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.2f}"
