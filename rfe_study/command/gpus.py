"""Whether PyTorch was built for GPUs, without loading it: that takes seconds."""

import ast
from importlib.util import find_spec
from pathlib import Path


def built_for_gpus() -> bool:
    """Whether this PyTorch names CUDA or ROCm; True if that cannot be told, so that it decides."""
    spec = find_spec("torch")
    path = None if spec is None or spec.origin is None else Path(spec.origin).parent / "version.py"
    if path is None or not path.is_file():
        return True
    named = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant):
            named[target.id] = node.value.value
    return "cuda" not in named or bool(named["cuda"] or named.get("hip"))
