"""What the scripts that write pages share."""

from pathlib import Path

import pandas as pd

DOCS = Path(__file__).parents[1] / "docs"


def markdown(table: pd.DataFrame, digits: int = 3) -> str:
    """Return a table in Markdown, its numbers with so many digits, without its index."""

    def cell(value: object) -> str:
        if not isinstance(value, float):
            return str(value)
        return "-" if value != value else f"{value:.{digits}g}"

    text = table.map(cell)
    lines = [list(text.columns), ["---"] * text.shape[1], *text.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
