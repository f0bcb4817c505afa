from dataclasses import dataclass, field
@dataclass(frozen=True)
class Description:
    kind: object = None
    params: dict = field(default_factory=dict)
    metrics: dict = field(default_factory=dict)
    about: dict = field(default_factory=dict)
    warnings: tuple = ()
def describe(sources): return Description()
def interesting(path): return True
