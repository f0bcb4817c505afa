"""Pickle streams, interpreted symbolically: shape without substance, nothing is ever imported.

Opcodes: https://github.com/python/cpython/blob/main/Lib/pickletools.py. A global becomes an inert
`Global`, a call an inert `Call`; what they would do when loaded does not happen.
"""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from strongroom.formats.source import Unreadable

#: About three seconds of interpretation; a checkpoint with 10,000 tensors needs 500,000.
MAX_OPCODES = 1_000_000
_LARGEST_KEY = 1 << 53


@dataclass(frozen=True, slots=True, eq=False)
class Global:
    """An importable that the pickle names, for instance `collections.OrderedDict`."""

    name: str


@dataclass(slots=True, eq=False)
class Call:
    """`func(*args)` as the pickle asks for it; `state` is what it would set afterwards."""

    func: str
    args: tuple[Any, ...]
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)
    appended: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Persistent:
    """A reference to something stored outside of the pickle."""

    ident: Any


@dataclass(frozen=True, slots=True, eq=False)
class Opaque:
    """A value or a dictionary key that is not followed."""

    what: str


@dataclass(frozen=True, slots=True)
class Pickle:
    """`globals` in order of first appearance, `end` the offset behind STOP."""

    value: Any
    globals: tuple[str, ...]
    end: int


_MARK = Opaque("mark")
_PLAIN = frozenset({
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
    "BYTEARRAY8", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
})  # fmt: skip
_CONSTANT = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY = {"EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_DICT": dict, "EMPTY_SET": list}
_TUPLE = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_IGNORED = frozenset({"PROTO", "FRAME"})


def opcodes(data: bytes) -> Iterator[tuple[str, Any, int]]:
    """(name, argument, offset) up to the first STOP; raises `Unreadable`.

    A file may go on behind that STOP with a further pickle, as joblib's do.
    """
    try:
        for count, (opcode, arg, at) in enumerate(pickletools.genops(data)):
            if count >= MAX_OPCODES:
                raise Unreadable(f"the pickle has more than {MAX_OPCODES} opcodes")
            yield opcode.name, arg, at or 0
    except (ValueError, EOFError, OverflowError, IndexError, UnicodeError) as why:
        raise Unreadable("the pickle is damaged or cut off") from why


def walk(data: bytes) -> Pickle:
    """What the first pickle of `data` would build, with every call left undone."""
    machine = Machine()
    end = 0
    try:
        for name, arg, at in opcodes(data):
            end = at + 1
            if name == "STOP":
                return Pickle(machine.pop(), tuple(machine.globals), end)
            machine.step(name, arg)
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as why:
        raise Unreadable(f"the pickle is damaged near byte {end}") from why
    raise Unreadable("the pickle is cut off")


def first_global(data: bytes) -> str:
    """The first global that the start of a pickle names, or "" where none comes in this piece."""
    texts: list[str] = []
    try:
        for name, arg, _ in opcodes(data):
            if name in ("GLOBAL", "INST"):
                return _dotted(arg)
            if name == "STACK_GLOBAL":
                return ".".join(texts[-2:])
            if isinstance(arg, str):
                texts.append(arg)
    except Unreadable:
        return ""  # only the start of the file is looked at, so it always may end early
    return ""


def _dotted(arg: Any) -> str:
    return str(arg).replace(" ", ".", 1)


def _key(value: Any) -> Any:
    """A key that cannot be made to collide by the writer of the pickle."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int) and abs(value) < _LARGEST_KEY:
        return value
    if isinstance(value, (bytes, float)):
        return repr(value)
    return Opaque(type(value).__name__)


class Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.globals: dict[str, None] = {}

    def pop(self) -> Any:
        value = self.stack.pop()
        if value is _MARK:
            raise IndexError("a mark where a value belongs")
        return value

    def to_mark(self) -> list[Any]:
        found = []
        while (value := self.stack.pop()) is not _MARK:
            found.append(value)
        found.reverse()
        return found

    def named(self, name: str) -> Global:
        self.globals.setdefault(name)
        return Global(name)

    def step(self, name: str, arg: Any) -> None:
        push = self.stack.append
        if name in _PLAIN:
            push(arg)
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            push(self.memo[int(arg)])
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self.memo[int(arg)] = self.stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = self.stack[-1]
        elif name == "MARK":
            push(_MARK)
        elif name in _CONSTANT:
            push(_CONSTANT[name])
        elif name in _EMPTY:
            push(_EMPTY[name]())
        elif name in _TUPLE:
            size = _TUPLE[name]
            if len(self.stack) < size:
                raise IndexError("too few values")
            self.stack[-size:] = [tuple(self.stack[-size:])]
        elif name not in _IGNORED:
            self.compound(name, arg)

    def compound(self, name: str, arg: Any) -> None:
        push = self.stack.append
        if name == "TUPLE":
            push(tuple(self.to_mark()))
        elif name in ("LIST", "FROZENSET"):
            push(self.to_mark())
        elif name == "DICT":
            flat = self.to_mark()
            push({_key(k): v for k, v in zip(flat[::2], flat[1::2], strict=True)})
        elif name in ("SETITEM", "SETITEMS"):
            flat = self.to_mark() if name == "SETITEMS" else [self.stack.pop(-2), self.pop()]
            target = self.stack[-1]
            into = target if isinstance(target, dict) else getattr(target, "items", None)
            if isinstance(into, dict):
                into.update((_key(k), v) for k, v in zip(flat[::2], flat[1::2], strict=True))
        elif name in ("APPEND", "APPENDS", "ADDITEMS"):
            values = [self.pop()] if name == "APPEND" else self.to_mark()
            target = self.stack[-1]
            if isinstance(target, list):
                target.extend(values)
            elif isinstance(target, Call):
                target.appended.extend(values)
        elif name == "GLOBAL":
            push(self.named(_dotted(arg)))
        elif name == "STACK_GLOBAL":
            attribute, module = self.pop(), self.pop()
            push(self.named(f"{module}.{attribute}"[:1000]))
        elif name in ("REDUCE", "NEWOBJ"):
            args, func = self.pop(), self.pop()
            push(self.call(func, args))
        elif name == "NEWOBJ_EX":
            self.pop()
            args, func = self.pop(), self.pop()
            push(self.call(func, args))
        elif name == "INST":
            push(self.call(self.named(_dotted(arg)), tuple(self.to_mark())))
        elif name == "OBJ":
            func, *args = self.to_mark()
            push(self.call(func, tuple(args)))
        elif name == "BUILD":
            state = self.pop()
            if isinstance(self.stack[-1], Call):
                self.stack[-1].state = state
        elif name == "BINPERSID":
            push(Persistent(self.pop()))
        elif name == "PERSID":
            push(Persistent(arg))
        elif name in ("EXT1", "EXT2", "EXT4"):
            push(self.named(f"copyreg.extension-{arg}"))
        elif name == "POP":
            self.stack.pop()
        elif name == "POP_MARK":
            self.to_mark()
        elif name == "DUP":
            push(self.stack[-1])
        elif name == "NEXT_BUFFER":
            push(Opaque("buffer"))
        elif name != "READONLY_BUFFER":
            raise ValueError(f"opcode {name} is unknown")

    def call(self, func: Any, args: Any) -> Any:
        name = func.name if isinstance(func, Global) else "?"
        if not isinstance(args, tuple):
            args = ()
        if name in ("collections.OrderedDict", "builtins.dict") and not args:
            return {}
        return Call(name, args)
