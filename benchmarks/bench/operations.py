"""Arithmetic of compiled loops, counted in their source."""

import ast
import inspect
from collections import Counter
from collections.abc import Callable
from textwrap import dedent
from typing import Any

KINDS = {ast.Add: "sums", ast.Sub: "sums", ast.Mult: "products", ast.Div: "divisions"}
# branches that float64 states without energies do not take
UNTAKEN = ("packed(w) > 1", "isinstance", "areas is not None")


def operations(function: Any) -> Counter[str]:
    """Return sums, products and divisions for a lane of a loop over lanes, calls included.

    Of a function without a loop, those of a call. Comparisons, selections, whole numbers and
    indices are not counted.
    """
    source = getattr(function, "py_func", function)
    tree = ast.parse(dedent(inspect.getsource(source))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    loops = [node for node in tree.body if isinstance(node, ast.For)]
    counts: Counter[str] = Counter()
    for statement in loops[-1].body if loops else tree.body:
        counts += counted(statement, source)
    return counts


def counted(node: ast.AST, function: Callable[..., Any]) -> Counter[str]:
    """Return the operations of a part of a function."""
    counts: Counter[str] = Counter()
    if isinstance(node, ast.If | ast.IfExp) and any(t in ast.unparse(node.test) for t in UNTAKEN):
        taken = node.orelse if isinstance(node.orelse, list) else [node.orelse]
        for part in taken:
            counts += counted(part, function)
        return counts
    if isinstance(node, ast.BinOp) and is_constant(node):
        return counts
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in KINDS:
        counts[KINDS[type(node.op)]] += 1
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        called = function.__globals__.get(node.func.id)
        if inspect.isfunction(getattr(called, "py_func", called)):
            counts += operations(called)
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.Subscript):  # whose sums are of indices
            counts += counted(child, function)
    return counts


def is_constant(node: ast.BinOp) -> bool:
    """Return whether both sides are numbers, such as coefficients of a series."""
    return isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant)
