"""Tensors as they lie in PyTorch checkpoints: views, transposed ones, and files that lie."""

from __future__ import annotations

import struct
import zipfile

import numpy as np
import pytest

from strongroom.extract.tensor_change import differences, values
from strongroom.extract.tensor_data import tensors_of
from strongroom.formats.source import Unreadable, source_from_bytes
from tests.formats.made import dict_op, global_op, int_op, pickled, text_op, zipped


def tensor_op(
    shape: tuple[int, ...], stride: tuple[int, ...], offset: int = 0, key: str = "0",
    storage: str = "FloatStorage",
) -> bytes:  # fmt: skip
    """The opcodes of torch._utils._rebuild_tensor_v2, of a view into a storage."""
    ident = (
        b"(" + text_op("storage") + global_op("torch", storage) + text_op(key) + text_op("cpu")
        + int_op(24) + b"tQ"
    )  # fmt: skip
    sizes, steps = (b"(" + b"".join(map(int_op, one)) + b"t" for one in (shape, stride))
    hooks = global_op("collections", "OrderedDict") + b")R"
    call = global_op("torch._utils", "_rebuild_tensor_v2")
    return call + b"(" + ident + int_op(offset) + sizes + steps + b"\x89" + hooks + b"tR"


def checkpoint(
    tensors: dict[str, bytes], data: bytes, order: bytes | None = None,
    method: int = zipfile.ZIP_STORED,
) -> bytes:  # fmt: skip
    members = {"a/data.pkl": pickled(dict_op({"state_dict": dict_op(tensors)})), "a/data/0": data}
    if order is not None:
        members["a/byteorder"] = order
    return zipped(members, method)


DATA = np.arange(24, dtype="f4")
VIEWS = {
    "whole": tensor_op((6, 4), (4, 1)),
    "turned": tensor_op((4, 6), (1, 4)),
    "rows": tensor_op((2, 4), (4, 1), 8),
    "column": tensor_op((6,), (4,), 1),
    "spread": tensor_op((3, 4), (0, 1)),
    "scalar": tensor_op((), (), 5),
    "none": tensor_op((0, 4), (4, 1)),
}
WANTED = {
    "whole": DATA.reshape(6, 4), "turned": DATA.reshape(6, 4).T, "rows": DATA.reshape(6, 4)[2:4],
    "column": DATA.reshape(6, 4)[:, 1], "spread": np.broadcast_to(DATA[:4], (3, 4)),
    "scalar": DATA[5], "none": np.empty((0, 4), "f4"),
}  # fmt: skip


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_views_are_read_in_their_order(method):
    found = tensors_of(source_from_bytes("m.pt", checkpoint(VIEWS, DATA.tobytes(), method=method)))
    assert [t.name for t in found] == list(VIEWS)  # without what wraps the weights
    for tensor in found:
        read = values(b"".join(tensor.parts()), tensor.code).reshape(tensor.shape)
        assert (read == WANTED[tensor.name]).all() and tensor.shape == WANTED[tensor.name].shape


def test_a_view_is_the_same_as_its_copy():
    turned = {"w": tensor_op((4, 6), (1, 4))}
    copied = {"w": tensor_op((4, 6), (6, 1))}
    data = np.ascontiguousarray(DATA.reshape(6, 4).T)
    found = differences(
        [source_from_bytes("a.pt", checkpoint(turned, DATA.tobytes()))],
        [source_from_bytes("b.pt", checkpoint(copied, data.tobytes()))],
        [], lambda count, more: None,
    )  # fmt: skip
    assert found["same"] == 1 and not found["changed"] and not found["warnings"]


@pytest.mark.parametrize(
    "lie",
    [
        tensor_op((7, 4), (4, 1)),
        tensor_op((6, 4), (4, 1), 1),
        tensor_op((2, 2), (1 << 30, 1)),
        tensor_op((-6, 4), (4, 1)),
        tensor_op((6, 4), (4, -1)),
        tensor_op((6, 4), (4, 1), -1),
        tensor_op((6, 4), (4,)),
        tensor_op((6, 4), (4, 1), key="9"),
        tensor_op((1 << 30, 1 << 30), (0, 0)),
    ],
)
def test_a_tensor_beyond_its_storage_is_refused_and_the_others_are_read(lie):
    data = checkpoint({"good": VIEWS["whole"], "bad": lie}, DATA.tobytes())
    good, bad = tensors_of(source_from_bytes("m.pt", data))
    assert b"".join(good.parts()) == DATA.tobytes()
    with pytest.raises(Unreadable):
        list(bad.parts())


def test_a_packed_storage_that_is_shorter_than_it_claims_is_refused():
    data = checkpoint({"w": VIEWS["turned"]}, DATA.tobytes(), method=zipfile.ZIP_DEFLATED)
    at = data.rindex(b"a/data/0") - 46 + 24  # its size in the central directory
    (size,) = struct.unpack_from("<I", data, at)
    assert size == DATA.nbytes
    short = checkpoint({"w": tensor_op((4, 60), (1, 4))}, DATA.tobytes(),
                       method=zipfile.ZIP_DEFLATED)  # fmt: skip
    at = short.rindex(b"a/data/0") - 46 + 24
    lied = short[:at] + struct.pack("<I", 4 * 240) + short[at + 4 :]
    (tensor,) = tensors_of(source_from_bytes("m.pt", lied))
    with pytest.raises(Unreadable):
        list(tensor.parts())


def test_numbers_the_other_way_round_are_refused():
    data = checkpoint(VIEWS, DATA.tobytes(), order=b"big")
    with pytest.raises(Unreadable, match="big-endian"):
        tensors_of(source_from_bytes("m.pt", data))
    assert tensors_of(source_from_bytes("m.pt", checkpoint(VIEWS, DATA.tobytes(), b"little")))
