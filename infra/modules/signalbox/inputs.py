"""Writes the tables of inputs and outputs, and the fields of a service and of the billing plan, into README.md.

    pip install python-hcl2==8.1.4
    python inputs.py            # rewrite README.md
    python inputs.py --check    # fail if it would change
"""

import pathlib
import re
import sys

import hcl2

HERE = pathlib.Path(__file__).parent


def blocks(kind: str) -> list[tuple[str, dict]]:
    """All blocks of this kind in the module's own files, in the order they stand there."""
    found = []
    for file in sorted(HERE.glob("*.tf")):
        for block in hcl2.loads(file.read_text()).get(kind, []):
            found += [(name.strip('"'), body) for name, body in block.items()]
    return found


def text(value: object) -> str:
    """A value as a cell of a table; the parser keeps the quotes of strings and wraps expressions."""
    if value is None:
        return "`null`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return "`[" + ", ".join(str(one) for one in value) + "]`"
    if isinstance(value, dict):
        return "`{}`" if not value else f"`{value}`"
    return "`" + re.sub(r"^\$\{(.*)\}$", r"\1", str(value), flags=re.S) + "`"


def prose(body: dict) -> str:
    return body["description"].strip('"').replace("|", "\\|")


def inputs() -> str:
    rows = ["| name | what | type | default |", "|---|---|---|---|"]
    for name, body in blocks("variable"):
        default = text(body["default"]) if "default" in body else "required"
        rows.append(f"| `{name}` | {prose(body)} | {text(body['type'])} | {default} |")
    return "\n".join(rows)


def outputs() -> str:
    rows = ["| name | what |", "|---|---|"]
    return "\n".join(rows + [f"| `{name}` | {prose(body)} |" for name, body in blocks("output")])


def fields(variable: str) -> str:
    """The type of a variable of definitions/, as it is written there, comments and all."""
    source = (HERE / "definitions" / "variables.tf").read_text()
    block = re.search(rf'^variable "{variable}" \{{\n(.*?)^\}}', source, re.S | re.M).group(1)
    kind = re.search(r"^  type = (.*?^  \}\)+)", block, re.S | re.M).group(1)
    return "```hcl\n" + re.sub(r"^  ", "", kind, flags=re.M) + "\n```"


def main() -> int:
    readme = HERE / "README.md"
    before = after = readme.read_text()
    parts = {
        "inputs": inputs(),
        "outputs": outputs(),
        "services": fields("services"),
        "billing plan": fields("billing_plan"),
    }
    for name, part in parts.items():
        marks = rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)"
        after, found = re.subn(marks, lambda m: f"{m[1]}{part}\n{m[2]}", after, flags=re.S)
        if found != 1:
            print(f"README.md: the marks of {name} are missing", file=sys.stderr)
            return 1
    if "--check" in sys.argv[1:]:
        if before != after:
            print("README.md does not say what the variables say: run python inputs.py", file=sys.stderr)
        return int(before != after)
    readme.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
