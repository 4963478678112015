"""Changing a module that is imported already: its functions get other code, wherever they are held.

So nothing must be imported again, and a test sees the change whatever it has imported by name.
"""

import gc
import inspect
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

# Of a class, what a new one must not lend to the old one.
ITS_OWN = {"__dict__", "__weakref__", "__module__", "__doc__", "__qualname__"}


class CannotChange(Exception):
    """Only a fresh process can try it."""


def change(module: ModuleType, source: str) -> None:
    """Raises CannotChange, or what the changed module raises when it is imported."""
    path = module.__file__ or ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        before = compile(Path(path).read_text(), path, "exec")
        after = compile(source, path, "exec")
    now = {_key(code): code for code in _codes(after)}
    functions = _functions(path)
    if not functions:
        raise CannotChange
    for function in functions:
        code = now.get(_key(function.__code__))
        if code is None or code.co_freevars != function.__code__.co_freevars:
            raise CannotChange
        function.__code__ = code
    if _run_at_import(before) != _run_at_import(after):
        _renew(module, after)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner)


def _key(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _functions(path: str) -> list[FunctionType]:
    gc.unfreeze()  # luffy.wsgi had frozen them, and so hidden
    return [
        one
        for one in gc.get_objects()
        if type(one) is FunctionType and one.__code__.co_filename == path
    ]


def _run_at_import(code: CodeType) -> list[object]:
    """The code of the module and its classes, but for that of their functions."""
    return [
        (one.co_code, one.co_names, [const for const in one.co_consts if not inspect.iscode(const)])
        for one in _codes(code)
        if not one.co_flags & inspect.CO_OPTIMIZED
    ]


def _renew(module: ModuleType, code: CodeType) -> None:
    """Gives constants, defaults and the attributes of classes the values that they have now."""
    fresh = types.ModuleType(module.__name__)
    fresh.__file__, fresh.__package__ = module.__file__, module.__package__
    # Dataclasses look their module up.
    sys.modules[module.__name__] = fresh
    try:
        exec(code, fresh.__dict__)
    finally:
        sys.modules[module.__name__] = module
    for name, value in vars(fresh).items():
        old = vars(module).get(name)
        if name.startswith("__") or old is value:
            continue
        if isinstance(value, type) and value.__module__ == module.__name__:
            _renew_class(old, value)
        elif isinstance(inspect.unwrap(value) if callable(value) else None, FunctionType):
            _renew_function(inspect.unwrap(old), inspect.unwrap(value))
        elif old != value:
            _rebind(name, old, value)


def _renew_function(old: FunctionType, new: FunctionType) -> None:
    old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__


def _renew_class(old: type, new: type) -> None:
    if [base.__name__ for base in old.__bases__] != [base.__name__ for base in new.__bases__]:
        raise CannotChange
    for name in vars(old).keys() - vars(new).keys():
        delattr(old, name)
    for name, value in vars(new).items():
        if name in ITS_OWN or inspect.ismemberdescriptor(value):
            continue
        had = vars(old).get(name)
        plain = getattr(had, "__func__", None) or getattr(had, "fget", None) or had
        if isinstance(plain, FunctionType) and plain.__code__.co_filename.endswith(".py"):
            fresh = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
            _renew_function(plain, fresh)
        elif had is not value:
            setattr(old, name, value)


def _rebind(name: str, old: object, value: object) -> None:
    """Where it was imported by its name, too."""
    for module in list(sys.modules.values()):
        held = getattr(module, "__dict__", {})
        if name in held and type(held[name]) is type(old) and held[name] == old:
            held[name] = value
