"""Files that pin an environment: packages with their versions, and images that one is built from.

requirements.txt: https://pip.pypa.io/en/stable/reference/requirements-file-format/
environment.yml: https://docs.conda.io/projects/conda (Managing environments)
uv.lock, poetry.lock: TOML with `[[package]]`
Dockerfile: https://docs.docker.com/reference/dockerfile/#from
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.conventions import base
from strongroom.extract.reader import Reader
from strongroom.formats.document import read_yaml
from strongroom.formats.source import Source
from strongroom.formats.text import decode

_MAX_FILE = 8 << 20
_MAX_PACKAGES = 5000
_REQUIREMENTS = re.compile(
    r"(?:.*[-_.])?(?:requirements|constraints|pip[-_]freeze)(?:[-_.].*)?\.txt\Z"
)
_CONDA = re.compile(r"(?:environment|conda[-_.]?env|conda|python_env)(?:[-_.].*)?\.ya?ml\Z")
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_DOCKER = re.compile(r"(?:dockerfile|containerfile)(?:\..*)?\Z|.*\.dockerfile\Z")
_REQUIRED = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:(===?|~=|>=|<=|!=|>|<|@)\s*([^\s;#,]+))?"
)
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*\Z", re.I)
_NAME = re.compile(r'name\s*=\s*"([^"\\]{1,200})"\s*\Z')
_VERSION = re.compile(r'version\s*=\s*"([^"\\]{1,200})"\s*\Z')

Packages = dict[str, str]


def named(path: str) -> bool:
    """Whether the name alone promises one. No I/O."""
    name = base(path)
    return (
        name in _LOCKS
        or bool(_REQUIREMENTS.match(name) or _CONDA.match(name))
        or bool(_DOCKER.match(name))
    )


def fits(source: Source) -> bool:
    return _chosen(source) is not None


def read(source: Source) -> Facts:
    """`about["packages"]` as `{name: version}` with the version "" where none is pinned, or of a
    Dockerfile `about["images"]` in order.
    """
    chosen = _chosen(source)
    assert chosen is not None
    return chosen(source.read(_MAX_FILE))


def _chosen(source: Source) -> Callable[[bytes], Facts] | None:
    name = base(source.path)
    if _REQUIREMENTS.match(name):
        return _requirements
    if name in _LOCKS:
        return _lock
    if _CONDA.match(name) and b"dependencies" in source.head:
        return _conda
    return _dockerfile if _DOCKER.match(name) else None


def _requirements(data: bytes) -> Facts:
    found: Packages = {}
    for line in decode(data).splitlines():
        _require(line, found)
    return _pinned("requirements", found)


def _require(line: str, found: Packages) -> None:
    line = line.strip()
    match = _REQUIRED.match(line) if line and line[0] not in "#-" else None
    if match and len(found) < _MAX_PACKAGES:
        name, mark, version = match.groups()
        exact = mark in ("==", "===")
        found[normal(name)] = version[:200] if exact else f"{mark or ''}{version or ''}"[:200]


def _conda(data: bytes) -> Facts:
    """`name=version=build`, and pip's own below `pip:`."""
    document = read_yaml(data)
    listed = document.get("dependencies") if isinstance(document, dict) else None
    found: Packages = {}
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, str):
            if re.search(r"[<>!~]|==", entry):
                _require(entry, found)
            elif len(found) < _MAX_PACKAGES:
                name, _, rest = entry.rpartition("::")[2].partition("=")
                found[normal(name.strip())] = rest.partition("=")[0].strip()[:200]
        elif isinstance(entry, dict) and isinstance(entry.get("pip"), list):
            for line in entry["pip"]:
                _require(str(line)[:1000], found)
    return _pinned("conda-environment", found)


def _lock(data: bytes) -> Facts:
    """Line by line: of each `[[package]]` or `[[packages]]` only its name and version count."""
    found: Packages = {}
    inside, name = False, ""
    for line in decode(data).splitlines():
        line = line.strip()
        if line.startswith("["):
            inside, name = line in ("[[package]]", "[[packages]]"), ""
        elif inside and (match := _NAME.match(line)):
            name = normal(match[1])
        elif inside and name and (match := _VERSION.match(line)) and len(found) < _MAX_PACKAGES:
            found.setdefault(name, match[1])
    return _pinned("lock-file", found)


def _dockerfile(data: bytes) -> Facts:
    """Base images, without those that are stages of the file itself."""
    images: list[str] = []
    stages: set[str] = set()
    for line in decode(data).splitlines():
        match = _FROM.match(line.strip())
        if match and len(images) < 100:
            image, stage = match.groups()
            if image.lower() not in stages:
                images.append(image[:500])
            if stage:
                stages.add(stage.lower())
    return Facts(Kind.CONFIG, "dockerfile", about={"images": images})


def _pinned(form: str, packages: Packages) -> Facts:
    about: dict[str, Any] = {"packages": packages}
    return Facts(Kind.CONFIG, form, about=about)


def normal(name: str) -> str:
    """PEP 503: one spelling of each package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()[:200]


reader = Reader("environment", 1, fits, read)
