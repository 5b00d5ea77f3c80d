"""Prints a Terraform expression that renders a script's template, in base64.

    render.py user-data.sh.tftpl | terraform console | tr -d '"' | base64 --decode

Every name that the template asks for gets a value of its kind, told by the name: the script is to be
read by a linter, not run. Terraform itself does the rendering.
"""

import json
import pathlib
import re
import sys

# The first that fits the name wins.
PLAUSIBLE = [
    (r"arn", "arn:aws:iam::123456789012:role/codedetect"),
    (r"region", "eu-west-1"),
    (r"account", "123456789012"),
    (r"(file_system|efs)", "fs-0123456789abcdef0"),
    (r"access_point", "fsap-0123456789abcdef0"),
    (r"sha256|digest", "0" * 64),
    (r"(?<!repository_)url$|endpoint", "https://codedetect.example/file"),
    (r"(registry|repository|image)", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/codedetect"),
    (r"(parameter|prefix|path|dir|mount)", "/codedetect/prod/blue"),
    (r"port", 5000),
    (r"(seconds|minutes|count|size|limit|attempts|mb$|gb$)", 30),
    (r"(enabled?|use_|is_)", True),
    (r"(slot|colou?r)", "blue"),
    (r"", "codedetect-prod"),
]
KEYWORDS = {"if", "else", "endif", "for", "endfor", "in", "true", "false", "null"}


def wanted(template):
    """The names a template asks for, and those of them that are lists."""
    names, lists, own = set(), set(), set()
    # `$${` and `%%{` are the shell's own; a quoted text inside is no name.
    for inside in re.findall(r"(?<![$%])[$%]\{~?(.*?)~?\}", template):
        inside = re.sub(r'"(?:[^"\\]|\\.)*"', "", inside)
        if loop := re.match(r"\s*for\s+(\w+)(?:\s*,\s*(\w+))?\s+in\s+(\w+)", inside):
            own.update(filter(None, loop.groups()[:2]))
            lists.add(loop[3])
        names.update(re.findall(r"(?<![.\w])[A-Za-z_]\w*(?![\w(])", inside))
    return names - own - KEYWORDS, lists


def value(name):
    return next(value for pattern, value in PLAUSIBLE if re.search(pattern, name))


def main():
    path = pathlib.Path(sys.argv[1]).resolve()
    names, lists = wanted(path.read_text())
    values = {name: [value(name)] if name in lists else value(name) for name in sorted(names)}
    print(f"base64encode(templatefile({json.dumps(str(path))}, {json.dumps(values)}))")


if __name__ == "__main__":
    main()
