"""Record of a stage of a model in C, and the templates from which its text comes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray


class CStage(NamedTuple):
    """A stage of a fitted model in C99: functions, constants and state.

    In ``text``, ``@`` stands for the prefix of the stage's names and ``real`` for the type of
    numbers. Functions, tables and numbers that the text does not use are left out.

    Attributes
    ----------
    text : str
        C functions. Of a stage with state ``void @step(@state *s, const real *x, real *y)`` takes
        the inputs ``x`` and writes the outputs ``y`` of a step; without state ``s`` is left out. A
        stage that pools over time has ``void @add(@state *s, const real *x)`` and ``void
        @features(const @state *s, real *y)`` instead.
    n_in, n_out : int
        Number of inputs and outputs.
    sizes : dict of str to int
        Whole numbers, for sizes of arrays and bounds of loops; by name, without prefix.
    numbers : dict of str to float
        Constants.
    tables : dict of str to ndarray
        Constant arrays: floats become ``real``, other types the integers of their size.
    state : dict of str to ndarray
        Members of the state with their values at rest; an array of no dimension is a number.
    units : dict of str to str
        Units of constants, tables and members of the state, for comments.
    note : str
        What the stage is, for a comment.
    forgets : bool
        Whether the state is only room for arrays, of which nothing is kept from step to step.

    Examples
    --------
    >>> import numpy as np
    >>> text = '''static void @step(const real *restrict x, real *restrict y)
    ... {
    ...     for (int i = 0; i < @N; i++)
    ...         y[i] = @gain * x[i];
    ... }
    ... '''
    >>> CStage(text, 3, 3, {"N": 3}, {"gain": 0.5}).n_out
    3
    """

    text: str
    n_in: int
    n_out: int
    sizes: Mapping[str, int] = {}
    numbers: Mapping[str, float] = {}
    tables: Mapping[str, NDArray] = {}
    state: Mapping[str, Any] = {}
    units: Mapping[str, str] = {}
    note: str = ""
    forgets: bool = False

    @property
    def pools(self) -> bool:
        """Whether the stage pools over time."""
        return "@features(" in self.text


class NotInC(ValueError):
    """A part of a model that has no form in C; the message names it, and the way out.

    Examples
    --------
    >>> import numpy as np
    >>> from mottle.pipelines import export_c
    >>> from mottle.sensors import TimeMask
    >>> try:
    ...     export_c(TimeMask(random_state=0).fit(np.ones((5, 2))), "out", sample=np.ones((5, 2)))
    ... except NotInC as error:
    ...     print(str(error).partition(":")[0])
    TimeMask has no template in C
    """


def template(path: Any, **flags: bool) -> str:
    r"""Return the text of a template, with the parts that flags choose.

    Lines ``//: if name``, ``//: if not name``, ``//: else`` and ``//: end`` enclose the parts.

    Parameters
    ----------
    path : path
        File of the template, in C.
    **flags : bool
        By name.

    Returns
    -------
    text : str
        Without the lines that enclose parts.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "template.c"
    ...     _ = path.write_text("a\n//: if dense\nb\n//: else\nc\n//: end\n")
    ...     template(path, dense=True), template(path, dense=False)
    ('a\nb\n', 'a\nc\n')
    """
    kept, chosen = [], [True]
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        word, _, rest = line.strip().removeprefix("//: ").partition(" ")
        if not line.strip().startswith("//: "):
            if all(chosen):
                kept.append(line)
        elif word == "if":
            negated = rest.startswith("not ")
            chosen.append(flags[rest.removeprefix("not ")] != negated)
        elif word == "else":
            chosen[-1] = not chosen[-1]
        else:
            chosen.pop()
    return "\n".join(kept) + "\n"
