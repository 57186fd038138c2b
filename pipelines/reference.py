"""Every key of a recipe, from the forms: a table for people, a JSON schema for editors."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticUndefined

from mottle.pipelines.engine.sources import no_target
from mottle.pipelines.recipe import Recipe, check_recipe, shipped
from mottle.pipelines.schema import complaints, hint
from mottle.toml import write_value


def key_rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield key, type, default and meaning of every key of a recipe.

    Examples
    --------
    >>> rows = {key: (kind, default) for key, kind, default, _ in key_rows()}
    >>> rows["data.window"], rows["split.n_splits"]
    (('number', ''), ('whole number', '5'))
    """
    yield from rows_of(Recipe, "")


def rows_of(model: type[BaseModel], before: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the rows of a table and of those in it."""
    for name, field in model.model_fields.items():
        key = f"{before}{field.alias or name}"
        inside, named = table_in(field.annotation)
        default = field.get_default(call_default_factory=True)
        none = inside is not None or default in (None, PydanticUndefined, [], {}, "")
        text = "" if none else write_value(default)
        required = default is PydanticUndefined
        yield (
            key,
            kind_of(field.annotation),
            "required" if required else text,
            (field.description or ""),
        )
        if inside is not None and issubclass(inside, BaseModel):
            yield from rows_of(inside, f"{key}.NAME." if named else f"{key}.")


def table_in(annotation: Any) -> tuple[Any, bool]:
    """Return the form of a table that a type holds, and whether there is one a name."""
    options = [annotation, *get_args(annotation)]
    found = [one for one in options if isinstance(one, type) and issubclass(one, BaseModel)]
    return (found[0] if found else None), get_origin(annotation) is dict


def kind_of(annotation: Any) -> str:
    """Return the name of a type in words.

    Examples
    --------
    >>> kind_of(str | None), kind_of(list[str]), kind_of(Literal["a", "b"])
    ('text', 'list of text', '"a" or "b"')
    """
    words = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "any"}
    if annotation in words:
        return words[annotation]
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f'"{one}"' for one in args)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(kind_of(a) for a in args if a is not type(None)))
    if origin is list:
        return f"list of {kind_of(args[0])}"
    if origin is dict:
        return "table"
    if origin is not None and hasattr(annotation, "__metadata__"):
        return kind_of(args[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table"
    return str(annotation)


def key_lines() -> list[str]:
    """Return the table of keys as lines of text."""
    rows = list(key_rows())
    wide = max(len(key) for key, *_ in rows)
    return [
        f"{key:{wide}}  {kind}{f'; default {default}' if default not in ('', 'required') else ''}"
        f"{'; required' if default == 'required' else ''}{f'. {meaning}' if meaning else ''}"
        for key, kind, default, meaning in rows
    ]


def key_table() -> str:
    """Return the table of keys in Markdown."""
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for key, kind, default, meaning in key_rows():
        cells = (f"`{key}`", kind, f"`{default}`" if default not in ("", "required") else default,
                 meaning)  # fmt: skip
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a recipe, for editors that check TOML.

    Examples
    --------
    >>> sorted(json_schema()["properties"])[:3]
    ['baselines', 'chosen', 'crossbar']
    """
    return Recipe.model_json_schema(by_alias=True) | {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "mottle recipe",
    }  # fmt: skip


def mistakes_of(source: str) -> list[str]:
    """Return all that is wrong with a recipe, a sentence each, without loading a recording.

    Parameters
    ----------
    source : str
        A file, or the name of a shipped recipe.

    Returns
    -------
    mistakes : list of str
        Unknown keys and wrong values of all tables; then of all parts; then of ``[data]``.
    """
    path = shipped().get(source, Path(source))
    if not path.is_file():
        return [f"there is no recipe {source!r}{hint(source, shipped())}"]
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return [f"is not TOML: {error}"]
    try:
        recipe = Recipe.model_validate(settings)
    except ValidationError as error:
        return complaints(error, Recipe)
    found = mistakes_of_parts(recipe)
    if not found:
        try:
            check_recipe(recipe, "")
        except ValueError as error:
            found.append(str(error).removeprefix(": "))
    if recipe.data is not None and recipe.washout is None and (
        recipe.data.form == "files" and "(?P<target>" not in (recipe.data.pattern or "")
    ):  # fmt: skip
        found.append(no_target(recipe.data))
    if recipe.data is not None:
        try:
            recipe.data.below(path.resolve().parent).check(tuple(recipe.encoders))
        except (ValueError, FileNotFoundError) as error:
            found.append(str(error))
    return found


def mistakes_of_parts(recipe: Recipe) -> list[str]:
    """Return what is wrong with each encoder, reservoir and readout."""
    found: list[str] = []
    for sense in recipe.encoders:
        try:
            recipe.model_copy(update={"encoders": {sense: recipe.encoders[sense]}}).make_encoders()
        except ValueError as error:
            found.append(str(error))
    for name in recipe.reservoirs:
        try:
            recipe.make_reservoir(name, "early", 0)
        except ValueError as error:
            found.append(str(error))
    try:
        recipe.make_readout()
    except ValueError as error:
        found.append(str(error))
    return found
