"""Each parser on a small good file, and on the ways in which such files go bad."""

from __future__ import annotations

import math
import struct
import zipfile

import pytest

from strongroom.formats import archive, document, gguf, onnx, parquet, safetensors, tfevents
from strongroom.formats.number import parse_number, parse_scalar
from strongroom.formats.pickle_walk import Call, first_global, walk
from strongroom.formats.source import Unreadable, source_from_bytes
from strongroom.formats.table import rows, sniff
from strongroom.formats.text import visible, without_torn_line
from strongroom.formats.torch_checkpoint import plain, read_checkpoint
from tests.formats import made


def source(data: bytes, name: str = "file"):
    return source_from_bytes(name, data)


class TestSafetensors:
    def test_tensors_and_metadata(self) -> None:
        header = safetensors.read_header(source(made.safetensors({"w": (2, 3)}, by="me")))
        assert [(t.name, t.dtype, t.shape) for t in header.tensors] == [("w", "F32", (2, 3))]
        assert header.metadata == {"by": "me"}

    @pytest.mark.parametrize("cut", [0, 4, 8, 20, -1])
    def test_a_cut_file_is_refused(self, cut: int) -> None:
        with pytest.raises(Unreadable):
            safetensors.read_header(source(made.safetensors({"w": (2, 3)})[:cut]))

    def test_a_shape_that_contradicts_its_bytes_is_refused(self) -> None:
        good = made.safetensors({"w": (2, 3)})
        with pytest.raises(Unreadable, match="contradict"):
            safetensors.read_header(source(good.replace(b"[2, 3]", b"[9, 3]")))

    def test_a_header_of_exabytes_is_refused_unread(self) -> None:
        with pytest.raises(Unreadable, match="header claims"):
            safetensors.read_header(source(struct.pack("<Q", 1 << 62) + b"{}"))


class TestGguf:
    @pytest.mark.parametrize("order", ["<", ">"])
    def test_shapes_are_turned_as_arrays_have_them(self, order: str) -> None:
        header = gguf.read_header(source(made.gguf(order)))
        assert [(t.name, t.dtype, t.shape) for t in header.tensors] == [
            ("blk.0.w", "Q8_0", (4, 32))
        ]
        assert header.metadata["llama.block_count"] == 1

    def test_a_long_vocabulary_is_kept_as_its_length(self) -> None:
        tokens = gguf.read_header(source(made.gguf())).metadata["tokenizer.ggml.tokens"]
        assert tokens["length"] == 40 and tokens["first"][0] == "token0"

    def test_counts_that_no_file_can_hold_are_refused(self) -> None:
        with pytest.raises(Unreadable):
            gguf.read_header(source(b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60)))


class TestOnnx:
    def test_a_small_graph(self) -> None:
        model = onnx.read_model(source(made.onnx_model()))
        assert [(t.name, t.dtype, t.shape) for t in model.inputs] == [
            ("x", "float32", ("batch", 4))
        ]
        assert model.operators == {"MatMul": 1} and model.opsets == {"": 17}
        assert model.metadata == {"train_data": "data/train.parquet"}
        assert model.parameters == 8

    def test_a_cut_model_is_refused(self) -> None:
        with pytest.raises(Unreadable):
            onnx.read_model(source(made.onnx_model()[:-5]))


class TestParquet:
    def test_rows_columns_types(self) -> None:
        footer = parquet.read_footer(source(made.parquet(7)))
        assert footer.rows == 7
        assert [(c.name, c.type, c.nullable) for c in footer.columns] == [
            ("age", "int64", False),
            ("name", "string", True),
        ]

    def test_without_its_footer_it_is_still_being_written(self) -> None:
        with pytest.raises(Unreadable, match="still being written"):
            parquet.read_footer(source(made.parquet()[:-4] + b"xxxx"))


class TestTensorBoard:
    def test_both_forms_of_scalars_and_hparams(self) -> None:
        data = made.event_file(
            made.scalar_event("loss", 3, 0.5), made.tensor_event("acc", 4, 0.25),
            made.hparams_event({"lr": 0.1, "opt": "sgd", "amp": True}),
        )  # fmt: skip
        found = tfevents.Events()
        scalars = list(tfevents.read_scalars(source(data), found))
        assert [(s.tag, s.step, s.value) for s in scalars] == [("loss", 3, 0.5), ("acc", 4, 0.25)]
        assert found.hparams == {"lr": 0.1, "opt": "sgd", "amp": True}
        assert found.torn == ""

    def test_a_torn_tail_keeps_what_came_before(self) -> None:
        whole = made.event_file(
            made.scalar_event("loss", 1, 1.0), made.scalar_event("loss", 2, 2.0)
        )
        for cut in range(1, 40):
            found = tfevents.Events()
            scalars = list(tfevents.read_scalars(source(whole[:-cut]), found))
            assert [s.step for s in scalars] == [1]
            assert found.torn


class TestTorch:
    def test_a_lightning_checkpoint_without_loading_it(self) -> None:
        found = read_checkpoint(source(made.lightning_checkpoint()))
        assert [(t.name, t.dtype, t.shape) for t in found.tensors][:2] == [
            ("state_dict.net.weight", "float32", (16, 64)),
            ("state_dict.net.bias", "float16", (16,)),
        ]
        assert plain(found.value["hyper_parameters"]) == {"lr": 0.01, "hidden": 16}
        assert found.value["epoch"] == 2
        assert "torch._utils._rebuild_tensor_v2" in found.globals

    def test_a_call_stays_undone(self, tmp_path) -> None:
        flag = tmp_path / "ran"
        command = f"touch {flag}"
        evil = made.pickled(made.global_op("os", "system") + b"(" + made.text_op(command) + b"tR")
        found = walk(evil)
        assert isinstance(found.value, Call) and found.value.func == "os.system"
        assert found.value.args == (command,)
        assert not flag.exists()

    def test_an_archive_without_a_pickle_is_none(self) -> None:
        with pytest.raises(Unreadable, match=r"no data\.pkl"):
            read_checkpoint(source(made.zipped({"a/b.txt": b"x"})))


class TestPickle:
    def test_it_ends_at_the_first_stop(self) -> None:
        first = made.pickled(made.int_op(1))
        assert walk(first + made.pickled(made.int_op(2))).end == len(first)

    def test_a_list_in_itself_is_no_loop(self) -> None:
        found = walk(b"\x80\x02]q\x00h\x00a.")
        assert found.value[0] is found.value
        assert plain(found.value) is not None

    def test_shared_values_do_not_multiply(self) -> None:
        body = b"]q\x00(" + b"".join(
            b"]q" + bytes([n + 1]) + b"(" + b"h" + bytes([n]) + b"h" + bytes([n]) + b"e"
            for n in range(60)
        )
        with pytest.raises(Unreadable):
            read_checkpoint(source(made.torch_zip(b"\x80\x02" + body + b"l.")))

    def test_colliding_keys_do_not_slow_it_down(self) -> None:
        prime = (1 << 61) - 1
        keys = b"".join(
            b"\x8a\x0a" + (prime * n).to_bytes(10, "little", signed=True) + b"N"
            for n in range(1, 20_000)
        )
        assert len(walk(b"\x80\x02}(" + keys + b"u.").value) == 19_999

    def test_the_first_global_of_both_opcodes(self) -> None:
        assert first_global(b"\x80\x02" + made.global_op("sklearn.svm", "SVC")) == "sklearn.svm.SVC"
        stacked = b"\x80\x04\x8c\x0bsklearn.svm\x94\x8c\x03SVC\x94\x93\x94"
        assert first_global(stacked) == "sklearn.svm.SVC"


class TestArchive:
    def test_a_member_that_unpacks_to_more_than_the_limit_is_refused(self) -> None:
        bomb = made.zipped({"a": bytes(10 << 20)}, zipfile.ZIP_DEFLATED)
        with archive.Archive(source(bomb)) as opened, pytest.raises(Unreadable, match="more than"):
            opened.read("a", 1 << 20)

    def test_a_lying_size_is_found_out(self) -> None:
        data = bytearray(made.zipped({"a": bytes(1 << 20)}, zipfile.ZIP_DEFLATED))
        at = data.rindex(b"PK\x01\x02") + 24
        data[at : at + 4] = struct.pack("<I", 10)
        with archive.Archive(source(bytes(data))) as opened, pytest.raises(Unreadable):
            opened.read("a", 100)

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_methods_without_bounded_unpacking_are_refused(self, method: int) -> None:
        packed = source(made.zipped({"a": b"x"}, method))
        with archive.Archive(packed) as opened, pytest.raises(Unreadable, match="method"):
            opened.read("a", 100)


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "value"),
        [("1", 1), ("-3", -3), ("1.0", 1.0), ("1e3", 1000.0), (".5", 0.5), ("1e400", math.inf),
         ("inf", math.inf), ("-Infinity", -math.inf), ("9" * 30, int("9" * 30))],
    )  # fmt: skip
    def test_spellings(self, text: str, value: float) -> None:
        found = parse_number(text)
        assert found == value and type(found) is type(value)

    @pytest.mark.parametrize("text", ["NaN", "nan", "-nan", " NAN "])
    def test_nan(self, text: str) -> None:
        assert math.isnan(parse_number(text) or 0)

    @pytest.mark.parametrize("text", ["", "null", "1_000", "0x1p-3", "\u0661", "1 2", "--1", "1e"])
    def test_what_is_no_number(self, text: str) -> None:
        assert parse_number(text) is None

    def test_an_identifier_keeps_its_zeros(self) -> None:
        assert parse_scalar("007") == "007"
        assert (parse_scalar("0.1"), parse_scalar("True"), parse_scalar("None")) == (
            0.1,
            True,
            None,
        )


class TestTable:
    @pytest.mark.parametrize(
        "data",
        [b"a,b\n1,2\n", b"\xef\xbb\xbfa;b\r\n1;2\r\n", "a\tb\n1\t2\n".encode("utf-16"),
         b" a , b \n 1 , 2 \n", b"a,b\n1,2", b"a,b\n\n1,2\n\n"],
    )  # fmt: skip
    def test_dialects(self, data: bytes) -> None:
        shape = sniff(source(data))
        assert shape.columns == ("a", "b")
        assert [[c.strip() for c in row] for row in rows(source(data), shape)] == [["1", "2"]]

    def test_names_are_made_unique(self) -> None:
        assert sniff(source(b"a,a,,a\n")).columns == ("a", "a.2", "column_3", "a.3")

    def test_without_a_header_columns_are_numbered(self) -> None:
        shape = sniff(source(b"1,0.5\n2,0.4\n"))
        assert (shape.headed, shape.columns) == (False, ("column_1", "column_2"))

    def test_a_header_in_the_middle_is_no_row(self) -> None:
        data = b"epoch,loss\n1,0.5\nepoch,loss\n2,0.4\n"
        assert len(list(rows(source(data), sniff(source(data))))) == 2

    def test_a_torn_last_line_is_left_out(self) -> None:
        data = b"epoch,loss\n1,0.5\n2"
        assert list(rows(source(data), sniff(source(data)))) == [["1", "0.5"]]

    def test_a_live_file_is_cut_at_its_last_line_end(self) -> None:
        cut = without_torn_line(source(b"epoch,loss\n1,0.5\n2,0.12"))
        assert cut.read(100) == b"epoch,loss\n1,0.5\n" and cut.size == 17


class TestDocuments:
    def test_json_with_nan_and_big_numbers(self) -> None:
        found = document.read_json(
            b'{"a": NaN, "b": -Infinity, "c": 1e400, "d": %s}' % (b"9" * 5000)
        )
        assert math.isnan(found["a"]) and found["b"] == -math.inf and found["c"] == math.inf
        assert found["d"] == math.inf

    def test_yaml_scalars_as_people_mean_them(self) -> None:
        found = document.read_yaml(
            b"lr: 1e-3\nquoted: '1e-3'\nday: 2024-05-01\non: 1\nbig: 1.0e+5\n"
        )
        assert found == {"lr": 0.001, "quoted": "1e-3", "day": "2024-05-01", "true": 1, "big": 1e5}

    def test_yaml_tags_are_inert(self, tmp_path) -> None:
        flag = tmp_path / "ran"
        found = document.read_yaml(
            f"a: 1\nb: !!python/object/apply:os.system ['touch {flag}']".encode()
        )
        assert found == {"a": 1, "b": "!!python/object/apply:os.system"}
        assert not flag.exists()

    @pytest.mark.parametrize(
        "bomb",
        [
            "\n".join(
                ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i-1}, *a{i-1}]" for i in range(1, 64)]
            ),
            "\n".join(
                ["a0: &a0 {x: 1}"]
                + [f"a{i}: &a{i} {{<<: [*a{i-1}, *a{i-1}]}}" for i in range(1, 64)]
            ),
            "[" * 5000,
            "a: &a [*a]",
        ],
    )  # fmt: skip
    def test_yaml_bombs_are_refused(self, bomb: str) -> None:
        try:
            document.flatten(document.read_yaml(bomb.encode()))
        except Unreadable:
            return
        pytest.fail("it was read")

    def test_flattening(self) -> None:
        assert document.flatten({"a": {"b": 1, "c": [1, 2]}, "d": None}) == {
            "a.b": 1, "a.c": [1, 2], "d": None,
        }  # fmt: skip

    def test_toml(self) -> None:
        assert document.read_toml(b"[a]\nb = 2024-05-01\nc = inf\n") == {
            "a": {"b": "2024-05-01", "c": math.inf}
        }


def test_a_terminal_line_is_shown_as_it_was_left() -> None:
    assert visible("10%\r\x1b[32m100%\x1b[0m done\x07\r\n") == "100% done"
