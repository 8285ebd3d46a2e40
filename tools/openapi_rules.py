"""What a request of the API may be made of: the part of JSON Schema that platform/http/body.c checks.

Everything has a limit, so that a struct, a buffer and a test can be made from it."""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
METER, ID = "^[1-9][0-9]{11}$", "^[1-9][0-9]{0,17}$"
ANNOTATIONS = {"description", "example", "examples", "title", "default"}


class Wrong(Exception):
    """A mistake in a fragment."""


def permissions():
    """{word: C name} of platform/core/access.h."""
    if not permissions.found:
        with open(os.path.join(ROOT, "platform/core/access.h")) as file:
            permissions.found = {word: name for name, word in re.findall(r'X\((\w+), "([a-z.]+)"', file.read())}
    return permissions.found


permissions.found = {}


def split_null(source, schema):
    """(schema without null, is null allowed)."""
    schema = source.resolve(schema)
    if "oneOf" in schema:
        parts = [p for p in schema["oneOf"] if p != {"type": "null"}]
        if len(parts) != 1 or len(schema["oneOf"]) != 2:
            raise Wrong("oneOf in a request is for null only")
        return {**source.resolve(parts[0]), **{k: v for k, v in schema.items() if k == "description"}}, True
    if isinstance(schema.get("type"), list):
        kinds = [k for k in schema["type"] if k != "null"]
        if len(kinds) != 1:
            raise Wrong("one type, or one type and null")
        return {**schema, "type": kinds[0]}, "null" in schema["type"]
    return schema, False


def kind_of(schema):
    """TEXT, INT, BOOL, TIME, DAY, ID, METER, OBJECT or LIST: enum body_type of body.h."""
    kind = schema.get("type")
    if kind == "string":
        if schema.get("format") in ("date-time", "date"):
            return {"date-time": "TIME", "date": "DAY"}[schema["format"]]
        return {METER: "METER", ID: "ID"}.get(schema.get("pattern"), "TEXT")
    if kind not in ("integer", "boolean", "object", "array"):
        raise Wrong(f"no type of a request: {schema}")
    return {"integer": "INT", "boolean": "BOOL", "object": "OBJECT", "array": "LIST"}[kind]


ALLOWED = {
    "TEXT": {"type", "minLength", "maxLength", "enum", "pattern", "x-lines"},
    "TIME": {"type", "format"}, "DAY": {"type", "format"}, "ID": {"type", "pattern"}, "METER": {"type", "pattern"},
    "INT": {"type", "minimum", "maximum"}, "BOOL": {"type"},
    "OBJECT": {"type", "properties", "required", "additionalProperties"},
    "LIST": {"type", "items", "minItems", "maxItems"},
}


def check_pattern(pattern):
    """The same in ECMAScript and in POSIX extended expressions."""
    inside = "".join(re.findall(r"\[[^\]]*\]", pattern))
    if not (pattern.startswith("^") and pattern.endswith("$")) or "\\" in inside or re.search(r"\\[^.$^*+?()|{}\[\]]|\(\?", pattern):
        raise Wrong(f"pattern {pattern}: anchored, with classes and counts only")


def check_value(source, schema, where):
    schema, _ = split_null(source, schema)
    kind = kind_of(schema)
    unknown = set(schema) - ALLOWED[kind] - ANNOTATIONS
    if unknown:
        raise Wrong(f"{where}: {sorted(unknown)} would not be checked")
    if kind == "TEXT":
        if not {"maxLength", "enum", "pattern"} & set(schema):
            raise Wrong(f"{where}: a text needs maxLength, enum or pattern")
        if "pattern" in schema:
            check_pattern(schema["pattern"])
    elif kind == "INT" and not {"minimum", "maximum"} <= set(schema):
        raise Wrong(f"{where}: an integer needs minimum and maximum")
    elif kind == "LIST":
        if "maxItems" not in schema:
            raise Wrong(f"{where}: a list needs maxItems")
        if kind_of(split_null(source, schema["items"])[0]) == "LIST" or split_null(source, schema["items"])[1]:
            raise Wrong(f"{where}: no lists of lists or of null")
        check_value(source, schema["items"], where + "[]")
    elif kind == "OBJECT":
        check_object(source, schema, where)


def check_object(source, schema, where):
    if schema.get("additionalProperties", False) is not False or "properties" not in schema:
        raise Wrong(f"{where}: an object has properties and no others")
    for name in schema.get("required", []):
        if name not in schema["properties"]:
            raise Wrong(f"{where}: required {name} is no property")
    for name, part in schema["properties"].items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise Wrong(f"{where}.{name}: snake_case")
        check_value(source, part, f"{where}.{name}")


def check_request(source, operation):
    """The body and the query parameters of an operation."""
    if operation.body_type == "application/json":
        if kind_of(source.resolve(operation.body)) != "OBJECT":
            raise Wrong(f"{operation.where}: a body is an object")
        check_value(source, operation.body, f"{operation.where} body")
    for parameter in operation.parameters:
        where = f"{operation.where} {parameter['name']}"
        if kind_of(split_null(source, parameter["schema"])[0]) == "OBJECT":
            raise Wrong(f"{where}: a parameter is no object")
        check_value(source, parameter["schema"], where)
