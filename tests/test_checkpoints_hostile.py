"""Files that want to be run, to fill the memory or to hang: each is refused in one sentence."""

from __future__ import annotations

import io
import os
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.checkpoints.archive import records
from generator.checkpoints.errors import CheckpointError, Refused
from generator.checkpoints.reading import load, translated
from generator.checkpoints.translation import finish
from generator.configuration import Checkpoint, Configuration
from tests import checkpoint_forms as forms
from tests.checkpoint_forms import random_checkpoint

TINY = random_checkpoint(
    Configuration(8, z_dim=2, w_dim=2, mapping_layers=1, channel_base=8, channel_max=2)
)
FORMS = {
    "tensorflow": forms.tensorflow(TINY),
    "ada": forms.ada(TINY),
    "rosinality": forms.rosinality(TINY),
    "rosinality_legacy": forms.rosinality_legacy(TINY),
}


class Calls:
    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> Any:
        return self.function, self.arguments


def read(content: bytes) -> Checkpoint:
    return finish(translated(memoryview(content)), {})


def reason(content: bytes) -> str:
    with pytest.raises(Refused) as caught:
        read(content)
    return str(caught.value)


HOSTILE = {
    "os.system": Calls(os.system, "touch /tmp/was-run"),
    "builtins.eval": Calls(eval, "1"),
    "builtins.exec": Calls(exec, "1"),
    "builtins.getattr": Calls(getattr, Calls(__import__, "os"), "system"),
    "builtins.__import__": Calls(__import__, "os"),
    "builtins.compile": Calls(compile, "1", "", "exec"),
    "builtins.open": Calls(open, "/tmp/was-run", "w"),
    "pickle.loads": Calls(pickle.loads, b""),
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_pickle_calls_is_refused_by_its_name(name: str, protocol: int) -> None:
    said = reason(pickle.dumps({"G_ema": HOSTILE[name]}, protocol))
    module, _, last = name.rpartition(".")
    # What C code is called by differs between systems and protocols.
    known = {
        "os": ("posix", "nt"),
        "builtins": ("__builtin__", "io", "_io"),
        "pickle": ("_pickle",),
    }
    assert any(f"it names `{place}.{last}`" in said for place in (module, *known[module])), said


def test_the_oldest_protocols_are_not_read_at_all() -> None:
    for protocol in (0, 1):
        content = pickle.dumps(HOSTILE["os.system"], protocol)
        assert "neither a pickle nor" in reason(content)
        assert "system" in reason(b"\x80\x02" + content)


@pytest.mark.parametrize("form", ["zip", "legacy", "storage"])
def test_what_hides_deeper_is_refused_too(form: str) -> None:
    evil = pickle.dumps({"g_ema": HOSTILE["os.system"]}, 2)
    if form == "zip":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("archive/data.pkl", evil)
        content = stream.getvalue()
    else:
        system = {"little_endian": True}
        content = b"".join(pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, system))
        content += evil
    if form == "storage":
        content = b"\x80\x04" + name("torch.storage._load_from_bytes") + raw(content) + b"\x85R."
    assert f"`{os.name}.system`" in reason(content)


def test_source_code_in_a_file_is_never_run(tmp_path: Path) -> None:
    # The writers put code into every network that would end this program.
    for content in (FORMS["tensorflow"], FORMS["ada"]):
        assert b"raise SystemExit('the source was run')" in content
        assert read(content).generator


def test_a_name_from_the_file_cannot_move_the_cursor(tmp_path: Path) -> None:
    (tmp_path / "n").write_bytes(b"\x80\x02cos\x1b[2Jname\nsys\x07tem\n.")
    with pytest.raises(CheckpointError) as caught:
        load(tmp_path / "n")
    assert caught.value.message.isprintable()
    assert "`os?[2Jname.sys?tem`" in caught.value.message


# --- opcodes by hand


def text(value: str) -> bytes:
    encoded = value.encode()
    return b"\x8c" + bytes([len(encoded)]) + encoded


def raw(value: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(value)) + value


def name(full: str) -> bytes:
    module, _, last = full.rpartition(".")
    return text(module) + text(last) + b"\x93"


START = b"\x80\x04"
DTYPE = name("numpy.dtype") + text("f4") + b"\x85R"
EMPTY = (
    name("numpy._core.multiarray._reconstruct") + name("numpy.ndarray") + b"K\x00\x85C\x01b\x87R"
)
LIST_OF_20_000 = b"](" + b"K\x01" * 20_000 + b"e\x94"


def bomb_of_lists(depth: int) -> bytes:
    """Each level holds the one before twice: 2 ** depth values in a few hundred bytes."""
    content = b"]\x940"
    for n in range(depth):
        content += b"](h" + bytes([n]) + b"h" + bytes([n]) + b"e\x940"
    return content + b"h" + bytes([depth])


def bomb_of_tuples(depth: int) -> bytes:
    content = b")\x940"
    for n in range(depth):
        content += b"h" + bytes([n]) + b"h" + bytes([n]) + b"\x86\x940"
    return content + b"h" + bytes([depth])


CLAIMS = {
    "bytes": START + b"\x8e" + struct.pack("<Q", 1 << 62) + b"1234",
    "byte array": START + b"\x96" + struct.pack("<Q", 1 << 62) + b"1234",
    "text": START + b"X" + struct.pack("<I", (1 << 32) - 1) + b"1234",
    "frame": START + b"\x95" + struct.pack("<Q", 1 << 62) + b"N.",
    "integer": START + b"\x8a\xff" + b"\xff" * 255 + b".",
    "memo": START + b"Nr\xff\xff\xff\xff.",
    "unknown memo": START + b"j\xff\xff\xff\xff.",
    "array": START + EMPTY + b"(K\x01J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86"
    + DTYPE + b"\x89C\x04\0\0\0\0tb.",
    "array without numbers": START + EMPTY + b".",
    "ranks": START + EMPTY + b"(K\x01(" + b"K\x01" * 64 + b"t" + DTYPE + b"\x89C\x04\0\0\0\0tb.",
    "marks": START + b"(" * 100_000,
    "lists in lists": START + b"]" * 50_000 + b"a" * 49_999 + b".",
    "tuples in tuples": START + b")" + b"\x85" * 50_000 + b".",
    "operations": START + b"N0" * 300_000 + b".",
    "doubling list as a name": START + bomb_of_lists(100) + text("system") + b"\x93.",
    "doubling tuple as a type": START + name("numpy.dtype") + bomb_of_tuples(100) + b"\x85R.",
    "doubling tuple as a key": START + b"}" + bomb_of_tuples(100) + b"Ns.",
    "doubling tuple in a set": START + b"\x8f(" + bomb_of_tuples(100) + b"\x90.",
    "colliding keys": START
    + b"}("
    + b"".join(
        b"\x8a\x10" + (n * ((1 << 61) - 1)).to_bytes(16, "little") + b"N" for n in range(1000)
    )
    + b"u.",
    "list copied again and again": START + LIST_OF_20_000
    + (name("builtins.set") + b"h\x00\x85R") * 5000 + b".",
    "list as arguments again and again": START + b"(" + b"N" * 20_000 + b"t\x940"
    + (name("torch._utils._rebuild_parameter") + b"h\x00R") * 5000 + b".",
    "text encoded again and again": START
    + b"X" + struct.pack("<I", 1 << 20) + b"x" * (1 << 20) + b"\x94"
    + (name("_codecs.encode") + b"h\x00" + text("latin1") + b"\x86R") * 5000 + b".",
    "no end": START + b"N",
    "nothing": START,
    "only stop": START + b".",
    "call of a text": START + text("os") + b")R.",
    "state of a text": START + text("os") + b"Nb.",
    "keywords": START + name("collections.OrderedDict") + b")}" + text("a") + b"Ns\x92.",
    "type of objects": START + name("numpy.dtype") + text("O8") + b"\x85R.",
    "extension": START + b"\x82\x01.",
    "buffer": START + b"\x97.",
    "persistent": START + text("x") + b"Q.",
    "cycle": START + b"]\x94h\x00a.",
    "itself as its module": START + b"}" + text("G_ema")
    + name("torch_utils.persistence._reconstruct_persistent_obj") + b"}"
    + text("state") + b"}\x94" + text("_modules") + b"}" + text("a")
    + name("dnnlib.tflib.network.Network") + b")Rh\x00bss" + b"s\x85Rs.",
}  # fmt: skip


@pytest.mark.parametrize("what", CLAIMS)
def test_what_claims_too_much_is_refused_in_little_memory(what: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Refused):
            read(CLAIMS[what])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 150e6


def test_tensors_that_share_their_numbers_cannot_ask_for_more_than_the_file_holds() -> None:
    storage = name("torch.storage._load_from_bytes") + raw(legacy_storage(4096)) + b"\x85R\x94"
    tensor = name("torch._utils._rebuild_tensor_v2") + (
        b"(h\x00K\x00M\x00\x10\x85K\x01\x85\x89}tR\x94"
    )
    many = b"".join(text(f"style.{n}.weight") + b"h\x01" for n in range(1, 500))
    content = START + storage + tensor + b"0" + b"0"
    content += b"}" + text("g_ema") + b"}(" + many + b"us."
    assert "claim more numbers than the file holds" in reason(content)


@pytest.mark.parametrize(
    ("shape", "stride"),
    [((4097,), (1,)), ((2, 4096), (1, 1)), ((1 << 30, 1 << 30), (0, 0)), ((2,), (1 << 39,))],
)
def test_a_tensor_never_reaches_beyond_its_storage(
    shape: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    storage = name("torch.storage._load_from_bytes") + raw(legacy_storage(4096)) + b"\x85R"
    content = START + name("torch._utils._rebuild_tensor_v2") + b"(" + storage + b"K\x00"
    for values in (shape, stride):
        content += b"(" + b"".join(b"\x8a\x08" + v.to_bytes(8, "little") for v in values) + b"t"
    assert "a tensor claims the shape" in reason(content + b"\x89}tR.")


def legacy_storage(count: int) -> bytes:
    system = {"little_endian": True}
    content = b"".join(pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, system))
    content += START + b"(" + text("storage") + name("torch.FloatStorage") + text("0")
    content += text("cpu") + b"J" + struct.pack("<i", count) + b"NtQ."
    return content + pickle.dumps(["0"], 2) + count.to_bytes(8, "little") + b"\0" * 4 * count


# --- zips


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for entry in entries:
            archive.writestr(*entry)
    return stream.getvalue()


def test_a_zip_bomb_is_not_unpacked() -> None:
    bomb = zipped(("archive/data.pkl", b"\0" * 100_000_000), method=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 200_000
    assert "compressed, which torch never does" in reason(bomb)


def test_a_path_in_a_zip_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content = zipped(
        ("../../../etc/passwd", b"x"), ("/root/x", b"y"), ("a/data.pkl", b"\x80\x02N.")
    )
    assert "no StyleGAN2" in reason(content)
    assert set(records(memoryview(content))) == {"../../../etc/passwd", "/root/x", "a/data.pkl"}
    assert not list(tmp_path.iterdir())


def test_a_zip_that_torch_did_not_write_is_refused() -> None:
    assert "lacks data.pkl" in reason(zipped(("readme.txt", b"hello")))
    assert "claims" in reason(zipped(*((str(n), b"") for n in range(21_000))))
    assert "big-endian" in reason(zipped(("a/data.pkl", b"\x80\x02N."), ("a/byteorder", b"big")))


def test_records_that_overlap_or_share_a_name_are_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped(("a", b"12"), ("a", b"12"))
    assert "twice" in reason(twice)
    content = bytearray(zipped(("a", b"1234"), ("b", b"1234")))
    second = content.rfind(b"PK\1\2")
    content[second + 42 : second + 46] = b"\0\0\0\0"
    assert "overlap" in reason(bytes(content))


def test_a_zip64_directory_is_followed_and_its_claims_are_checked() -> None:
    plain = zipped(("a/data.pkl", FORMS["ada"]))
    end = plain.rfind(b"PK\5\6")
    _, _, _, _, count, size, place, _ = struct.unpack("<4s4H2LH", plain[end:])

    def wide(count: int, place: int) -> bytes:
        directory = struct.pack(
            "<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, place
        )
        locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
        last = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, size, 0xFFFFFFFF, 0)
        return plain[:end] + directory + locator + last

    assert set(records(memoryview(wide(count, place)))) == {"a/data.pkl"}
    assert "claims" in reason(wide(1 << 40, place))
    assert "cut short" in reason(wide(count, 1 << 60))


# --- everything else


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
@settings(max_examples=60)
def test_a_file_cut_anywhere_is_refused(form: str, data: st.DataObject) -> None:
    whole = FORMS[form]
    at = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(Refused):
        read(whole[:at])


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
@settings(max_examples=150)
def test_a_file_with_bytes_changed_is_refused_or_still_a_network(
    form: str, data: st.DataObject
) -> None:
    changed = bytearray(FORMS[form])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at] = data.draw(st.integers(0, 255))
    with suppress(Refused):
        assert read(bytes(changed)).generator.keys() == TINY.generator.keys()


@pytest.mark.parametrize("first", [b"\x80\x02", b"\x80\x04", b"PK\3\4", b""])
@given(rest=st.binary(max_size=400))
@settings(max_examples=100)
def test_any_bytes_are_refused(first: bytes, rest: bytes) -> None:
    with pytest.raises(Refused):
        read(first + rest)
