"""In which order the gateways of a trunk are tried: by priority, and by weight among equals (as RFC 2782 does for SRV)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from offhook.calls.trunks.trunk import Gateway


def in_order(gateways: Iterable[Gateway], random_bits: Callable[[int], int]) -> list[Gateway]:
    """All that are enabled. ``random_bits(n)`` decides among equals: one of weight 20 comes first twice as often as one of 10."""
    ordered: list[Gateway] = []
    enabled = [gateway for gateway in gateways if gateway.enabled]
    for priority in sorted({gateway.priority for gateway in enabled}):
        # RFC 2782: those of weight 0 stand first, so that they have a very small chance.
        equals = sorted((one for one in enabled if one.priority == priority), key=lambda one: one.weight > 0)
        while equals:
            ordered.append(equals.pop(_drawn(equals, random_bits)))
    return ordered


def _drawn(equals: list[Gateway], random_bits: Callable[[int], int]) -> int:
    """The index of one, with a chance in proportion to its weight."""
    total = sum(gateway.weight for gateway in equals)
    mark = random_bits(32) % (total + 1)
    reached = 0
    for index, gateway in enumerate(equals):
        reached += gateway.weight
        if reached >= mark:
            return index
    return len(equals) - 1
