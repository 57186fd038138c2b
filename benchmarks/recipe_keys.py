"""Write the table of all keys of a recipe into docs/reference/recipes.md."""

from pages import DOCS, fill, record

from mottle.pipelines.reference import key_table

PAGE = DOCS / "reference/recipes.md"

if __name__ == "__main__":
    fill(PAGE, "keys", key_table())
    record("recipe_keys")
