"""How the tensors of one model differ from those of another, read in parts: memory stays small
whatever the size.

Every measure is over the elements: with a before and b after, the relative L2 change is
‖b − a‖₂ / ‖a‖₂, the largest change max |b − a|, and the changed share counts elements whose bits
differ. An element whose bits are the same did not change, even where it is NaN or infinite.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.extract.tensor_data import TensorData, has_tensors, tensors_of
from strongroom.formats.source import Source, Unreadable

_DTYPES = {
    "BOOL": "u1", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4",
    "U64": "<u8", "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8", "C64": "<c8",
    "C128": "<c16",
}  # fmt: skip
#: Told of one comparison; what is beyond is counted only.
_LISTED = 20_000
Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Change:
    """None where the elements cannot be set against each other: other shapes, unknown types."""

    relative_l2: float | None
    max_abs: float | None
    changed_share: float | None


def differences(
    a: Sequence[Source], b: Sequence[Source], same: Sequence[tuple[int, int]], tick: Tick
) -> dict[str, Any]:
    """`{"changed", "added", "removed", "same", "names", "warnings"}` as `services/compare/tensors`
    hands them on. `same` are pairs of files whose bytes are known to be equal. `tick(count, more)`
    hears of bytes that are done, and of how many more there are to do.
    """
    warnings: list[str] = []
    of_a, of_b = _named(a, warnings), _named(b, warnings)
    if _ambiguous(of_a) or _ambiguous(of_b):
        of_a, of_b = _with_paths(of_a), _with_paths(of_b)
    before = {name: found[0] for name, found in of_a.items()}
    after = {name: found[0] for name, found in of_b.items()}
    both = [name for name in before if name in after]
    known = {(a[i].path, b[j].path) for i, j in same}
    read = [n for n in both if (before[n][0], after[n][0]) not in known]
    tick(0, sum(before[n][1].size + after[n][1].size for n in read))
    changed = []
    for name in read:
        try:
            found = change(before[name][1], after[name][1], lambda count: tick(count, 0))
        except Unreadable as why:
            warnings.append(f"{name}: {why}")
            found = Change(None, None, None)
        if found is not None:
            changed.append(_changed(name, before[name][1], after[name][1], found))
    return {
        "changed": changed[:_LISTED],
        "added": [_about(n, after[n][1]) for n in after if n not in before][:_LISTED],
        "removed": [_about(n, before[n][1]) for n in before if n not in after][:_LISTED],
        "same": len(both) - len(changed),
        "unchanged": _unchanged(both, changed, after),
        "warnings": warnings,
    }


Found = dict[str, list[tuple[str, TensorData]]]


def _named(sources: Sequence[Source], warnings: list[str]) -> Found:
    found: Found = {}
    for source in sources:
        if source.name.lower().endswith(".bin") and not has_tensors(source):
            continue
        try:
            for tensor in tensors_of(source):
                found.setdefault(tensor.name, []).append((source.path, tensor))
        except Unreadable as why:
            warnings.append(f"{source.path}: {why}")
    return found


def _ambiguous(found: Found) -> bool:
    return any(len(one) > 1 for one in found.values())


def _with_paths(found: Found) -> Found:
    """Several files may each be a whole model: their tensors are told apart by the file."""
    return {
        f"{path}: {name}": [(path, tensor)] for name, all_ in found.items() for path, tensor in all_
    }


def _about(name: str, tensor: TensorData) -> dict[str, Any]:
    return {"name": name, "dtype": tensor.dtype, "shape": list(tensor.shape)}


def _changed(name: str, a: TensorData, b: TensorData, found: Change) -> dict[str, Any]:
    told = {
        **_about(name, b),
        "relative_l2": found.relative_l2,
        "max_abs": found.max_abs,
        "changed_share": found.changed_share,
    }
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        told["was"] = {"dtype": a.dtype, "shape": list(a.shape)}
    return told


def _unchanged(
    both: Sequence[str],
    changed: Sequence[Mapping[str, Any]],
    after: Mapping[str, tuple[str, TensorData]],
) -> list[dict[str, Any]]:
    differ = {one["name"] for one in changed}
    same = (n for n in both if n not in differ)
    return [_about(n, after[n][1]) for n in itertools.islice(same, _LISTED)]


def change(a: TensorData, b: TensorData, tick: Callable[[int], None]) -> Change | None:
    """None where type, shape and all bits are the same; raises `Unreadable`."""
    same_form = (a.code or a.dtype, a.shape) == (b.code or b.dtype, b.shape)
    if same_form and a.size == b.size and _equal(a, b, tick):
        return None
    if a.shape != b.shape or not a.code or not b.code:
        return Change(None, None, None)
    return _measured(a, b, tick)


def _equal(a: TensorData, b: TensorData, tick: Callable[[int], None]) -> bool:
    done = 0
    for one, other in zip(a.parts(), b.parts(), strict=True):
        if one != other:
            tick(-2 * done)  # it is read once more, from its beginning
            return False
        done += len(one)
        tick(2 * len(one))
    return True


def _measured(a: TensorData, b: TensorData, tick: Callable[[int], None]) -> Change:
    import numpy as np

    count = math.prod(a.shape)
    squares = norm = largest = 0.0
    differ = 0
    with np.errstate(all="ignore"):  # NaN and infinities are answers here
        for one, other in _beside(a, b):
            tick(len(one) + len(other))
            before = values(one, a.code)
            if one == other and a.code == b.code:
                norm += _square_sum(before)
                continue
            after = values(other, b.code)
            moved = _apart(before, after, one, other, a.code == b.code)
            gap = _distance(before, after, moved)
            differ += int(np.count_nonzero(moved))
            squares += _square_sum(gap)
            norm += _square_sum(before)
            if len(gap):
                highest = float(gap.max())
                largest = highest if highest > largest or highest != highest else largest
    relative = math.sqrt(squares) / math.sqrt(norm) if norm else (math.inf if squares else 0.0)
    return Change(relative, largest, differ / count if count else 0.0)


def _beside(a: TensorData, b: TensorData) -> Iterator[tuple[bytes, bytes]]:
    """Pieces with equally many elements each, also where these have other sizes."""
    if a.size == b.size:
        yield from zip(a.parts(), b.parts(), strict=True)
        return
    of_a, of_b = a.parts(), b.parts()
    left, right = b"", b""
    count = math.prod(a.shape)
    wide, narrow = a.size // max(1, count), b.size // max(1, count)
    while count:
        left = left or next(of_a)
        right = right or next(of_b)
        n = min(len(left) // wide, len(right) // narrow)
        yield left[: n * wide], right[: n * narrow]
        left, right = left[n * wide :], right[n * narrow :]
        count -= n


def _apart(before: Any, after: Any, one: bytes, other: bytes, same_code: bool) -> Any:
    """Which elements changed."""
    import numpy as np

    if not same_code:
        return ~((before == after) | ((before != before) & (after != after)))
    size = len(one) // len(before)
    word = min(size, 8)
    bits = [np.frombuffer(data, f"u{word}").reshape(len(before), -1) for data in (one, other)]
    return (bits[0] != bits[1]).any(axis=1)


def _distance(before: Any, after: Any, moved: Any) -> Any:
    """|after − before| as doubles; 0 where nothing moved. Of whole numbers it is exact."""
    import numpy as np

    if before.dtype.kind in "iu" and before.dtype == after.dtype:
        wide = np.int64 if before.dtype.kind == "i" else np.uint64
        low, high = before.astype(wide), after.astype(wide)
        bits_low, bits_high = low.view(np.uint64), high.view(np.uint64)
        return np.where(high > low, bits_high - bits_low, bits_low - bits_high).astype(np.float64)
    return np.where(moved, np.abs(_wide(after) - _wide(before)), 0.0)


def _wide(found: Any) -> Any:
    return found if found.dtype.kind == "c" else found.astype("f8")


def _square_sum(found: Any) -> float:
    import numpy as np

    if found.dtype.kind == "c":
        found = np.abs(found)
    wide = found.astype("f8", copy=False)
    return float(np.dot(wide, wide))


def values(data: bytes, code: str) -> Any:
    """The elements as numpy has them; bfloat16 and 8-bit floats as a float that holds them."""
    import numpy as np

    if code in _DTYPES:
        return np.frombuffer(data, _DTYPES[code])
    if code == "BF16":
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    if code == "F8_E5M2":  # the upper half of a float16
        return (np.frombuffer(data, "u1").astype("<u2") << 8).view("<f2")
    return _table(code)[np.frombuffer(data, "u1")]


@functools.cache
def _table(code: str) -> Any:
    """All 256 values of an 8-bit float: https://arxiv.org/abs/2209.05433 (E4M3: one NaN on each
    side, no infinity) and the OCP microscaling format (E8M0: powers of two).
    """
    import numpy as np

    found = np.empty(256, "<f4")
    for bits in range(256):
        if code == "F8_E8M0":
            found[bits] = math.nan if bits == 255 else 2.0 ** (bits - 127)
            continue
        sign = -1.0 if bits & 0x80 else 1.0
        exponent, fraction = bits >> 3 & 0xF, bits & 0x7
        if exponent == 0xF and fraction == 0x7:
            found[bits] = math.nan
        elif exponent:
            found[bits] = sign * (1 + fraction / 8) * 2.0 ** (exponent - 7)
        else:
            found[bits] = sign * fraction / 8 * 2.0**-6
    return found
