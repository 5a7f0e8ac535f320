"""Whose call it is: the CDN's word counts only with its proof."""

from typing import Any

import pytest
from conftest import World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.kit.web import EDGE_HEADER, edge_proof, from_gateway

PEER = "203.0.113.9"


def address(world: World, peer: str = PEER, **headers: str) -> str:
    """Return the address that a call with these headers is taken to come from."""
    event: dict[str, Any] = {
        "path": "/v1/profile",
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {"httpMethod": "GET", "identity": {"sourceIp": peer}},
    }
    return from_gateway(event, b"", "trace").address


def test_a_forged_header_from_outside_the_cdn_does_not_count(world: World) -> None:
    """Without the proof, or with a wrong one, the gateway's peer is the caller, whatever is claimed."""
    forged = f"198.51.100.1, {PEER}"
    assert address(world, X_Forwarded_For=forged) == PEER
    for wrong in ("", "0" * 64, edge_proof().upper(), edge_proof()[:-1], f"{edge_proof()} ", "\ud800", "ключ"):
        assert address(world, X_Forwarded_For=forged, **{EDGE_HEADER: wrong}) == PEER


def test_behind_the_cdn_the_caller_is_whom_the_cdn_names(world: World) -> None:
    """The last address before the CDN's own; what the caller wrote in front of it is ignored."""
    proof = {EDGE_HEADER.title(): edge_proof()}
    assert address(world, X_Forwarded_For=f"198.51.100.1, {PEER}", **proof) == "198.51.100.1"
    assert address(world, X_Forwarded_For=f"10.0.0.1, 8.8.8.8, 198.51.100.1, {PEER}", **proof) == "198.51.100.1"
    assert address(world, X_Forwarded_For="10.0.0.1, 198.51.100.1", **proof) == "198.51.100.1"  # the gateway added none
    assert address(world, X_Forwarded_For=f"2001:db8::1, {PEER}", **proof) == "2001:db8::1"
    assert address(world, **proof) == PEER
    assert address(world, X_Forwarded_For=PEER, **proof) == PEER


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(claimed=st.text(max_size=60))
def test_whatever_a_caller_writes_before_his_address_changes_nothing(world: World, claimed: str) -> None:
    """No text in front of the CDN's own entry is taken for an address."""
    proof = {EDGE_HEADER: edge_proof()}
    assert address(world, X_Forwarded_For=f"{claimed}, 198.51.100.1, {PEER}", **proof) == "198.51.100.1"


@pytest.mark.parametrize("proof", [True, False])
def test_callers_behind_the_cdn_are_counted_apart(world: World, proof: bool) -> None:  # noqa: FBT001 - a parameter
    """Two people behind one CDN are two sources; two liars outside it are the one that they are."""
    shown = edge_proof() if proof else "0" * 64
    found = {
        address(world, X_Forwarded_For=f"{one}, {PEER}", **{EDGE_HEADER: shown})
        for one in ("198.51.100.1", "198.51.100.2")
    }
    assert len(found) == (2 if proof else 1)
