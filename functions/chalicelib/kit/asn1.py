"""What certificates and signatures have in common as ASN.1. Imported only where one is read: asn1crypto takes 30 ms."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from asn1crypto import core


class UnreadableError(ValueError):
    """The bytes are not what they should be."""


@contextmanager
def reading() -> Iterator[None]:
    """Make one thing of all that the parser may stumble over in a stranger's bytes."""
    try:
        yield
    except Exception as error:
        raise UnreadableError(str(error)) from error


class Algorithm(core.Sequence):
    """An AlgorithmIdentifier whose algorithm may be any."""

    _fields: ClassVar = [("algorithm", core.ObjectIdentifier), ("parameters", core.Any, {"optional": True})]


@dataclass(frozen=True)
class Method:
    """How something was signed: an algorithm and its parameters."""

    oid: str
    parameters: bytes


def method_of(shape: Any) -> Method:
    """Read an AlgorithmIdentifier of whatever class of asn1crypto."""
    read = Algorithm.load(shape.dump(), strict=True)
    return Method(read["algorithm"].dotted, read["parameters"].dump())
