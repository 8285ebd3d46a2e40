"""C of the API's description: structs and tables of checks for bodies and parameters, and the routes."""
import re

from openapi_rules import kind_of, permissions, split_null

KEYWORDS = {"auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern",
            "float", "for", "goto", "if", "inline", "int", "long", "register", "return", "short", "signed", "sizeof",
            "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while"}
SUFFIX = {"TIME": "_s", "DAY": "_day"}
PLACES = ("group", "property", "space", "gateway", "meter")
TEXT_MAX = 65536  # characters of a text whose pattern or words say no more


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def member(name, kind):
    name += SUFFIX.get(kind, "")
    return name + "_" if name in KEYWORDS else name


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Maker:
    """Collects structs and tables in the order in which C wants them."""

    def __init__(self, source):
        self.source = source
        self.structs, self.tables = [], []
        self.done, self.patterns, self.words = {}, {}, {}

    # ---- tables that are shared ----

    def pattern(self, schema, kind):
        text = schema.get("pattern")
        if not text or kind != "TEXT":
            return None
        if text not in self.patterns:
            name = f"pattern_{len(self.patterns)}"
            self.patterns[text] = name
            self.tables.append(f"static struct body_pattern {name} = {{.text = {quoted(text)}}};\n")
        return "&" + self.patterns[text]

    def word_list(self, schema):
        words = tuple(schema.get("enum", ()))
        if not words:
            return None
        if words not in self.words:
            name = f"words_{len(self.words)}"
            self.words[words] = name
            self.tables.append(f"static const char *const {name}[] = {{{', '.join(map(quoted, words))}, NULL}};\n")
        return self.words[words]

    # ---- one value ----

    def c_type(self, schema, kind, tag):
        """(C type before the name, lines of the struct)."""
        if kind == "TEXT":
            return "const char *"
        if kind == "BOOL":
            return "bool "
        if kind == "OBJECT":
            return f"struct {self.object(schema, tag)} "
        return "int64_t "

    def limits(self, schema, kind):
        if kind == "TEXT":
            return schema.get("minLength", 0), schema.get("maxLength", TEXT_MAX)
        if kind == "INT":
            return schema["minimum"], schema["maximum"]
        if kind == "LIST":
            return schema.get("minItems", 0), schema["maxItems"]
        return 0, 0

    def entry(self, name, schema, kind, more):
        """A struct body_field without its place."""
        low, high = self.limits(schema, kind)
        parts = [f".name = {quoted(name)}", f".type = BODY_{kind}", ".min = " + int64(low), ".max = " + int64(high)] + more
        pattern, words = self.pattern(schema, kind), self.word_list(schema) if kind == "TEXT" else None
        if pattern:
            parts.append(f".pattern = {pattern}")
        if words:
            parts.append(f".words = {words}")
        if schema.get("x-lines"):
            parts.append(".lines = true")
        return parts

    def inner_tag(self, schema, tag, name):
        """Named schemas keep their own name, others get that of their place."""
        return "body_" + snake(schema["$ref"]) if "$ref" in schema else f"{tag}_{name}"

    def field(self, tag, name, schema, required):
        """(lines of the struct, the table's entry) of a member."""
        plain, nullable = split_null(self.source, schema)
        kind = kind_of(plain)
        own = member(name, kind)
        place = lambda part: f"offsetof(struct {tag}, {part})"
        lines, more = [], []
        if kind == "LIST":
            item = self.item(tag, name, plain)
            lines = [f"const {item[0]}*{own};" if not item[0].endswith("*") else f"{item[0]}const *{own};",
                     f"size_t {own}_count;"]
            more = [f".item = &{item[1]}", f".item_size = sizeof({item[0].strip()})", f".count = {place(own + '_count')}"]
        else:
            lines = [self.c_type(plain, kind, self.inner_tag(schema_ref(schema), tag, name)) + own + ";"]
            if kind == "OBJECT":
                more = [f".object = &object_{self.object(plain, self.inner_tag(schema_ref(schema), tag, name))}"]
        if not required:
            lines.append(f"bool has_{name};")
        if nullable:
            lines.append(f"bool null_{name};")
        more += [f".offset = {place(own)}", f".required = {str(required).lower()}",
                 f".has = {'BODY_NOWHERE' if required else place('has_' + name)}",
                 f".nullable = {str(nullable).lower()}",
                 f".null = {place('null_' + name) if nullable else 'BODY_NOWHERE'}"]
        return lines, self.entry(name, plain, kind, more)

    def item(self, tag, name, schema):
        """(C type, name of the table's entry) of the items of a list."""
        plain, _ = split_null(self.source, schema["items"])
        kind = kind_of(plain)
        inner = self.inner_tag(schema_ref(schema["items"]), tag, name)
        entry = self.entry(name, plain, kind, [".has = BODY_NOWHERE", ".null = BODY_NOWHERE", ".required = true"] +
                           ([f".object = &object_{self.object(plain, inner)}"] if kind == "OBJECT" else []))
        table = f"item_{tag}_{name}"
        self.tables.append(f"static const struct body_field {table} = {{\n        {joined(entry)}}};\n")
        return self.c_type(plain, kind, inner), table

    # ---- a struct ----

    def object(self, schema, tag):
        """Makes the struct and its table once; returns the tag."""
        if tag in self.done:
            return tag
        self.done[tag] = True
        lines, entries = [], []
        required = schema.get("required", [])
        for name, part in schema["properties"].items():
            more_lines, entry = self.field(tag, name, part, name in required)
            lines += more_lines
            entries.append(entry)
        if not lines:
            lines = ["char nothing; /* C has no empty structs */"]
        self.structs.append(f"struct {tag} {{\n" + "".join(f"\t{line}\n" for line in lines) + "};\n")
        table = "".join(f"        {{{joined(entry)}}},\n" for entry in entries)
        fields = f"fields_{tag}" if entries else "NULL"
        if entries:
            self.tables.append(f"static const struct body_field {fields}[] = {{\n{table}}};\n")
        self.tables.append(f"static const struct body_object object_{tag} = {{sizeof(struct {tag}), {fields}, {len(entries)}}};\n")
        return tag

    def body(self, operation):
        if operation.body_type != "application/json":
            return None
        tag = self.inner_tag(operation.body, "body", operation.id)
        return self.object(self.source.resolve(operation.body), tag)

    def query(self, operation):
        if not operation.parameters:
            return None
        schema = {"properties": {p["name"]: p["schema"] for p in operation.parameters},
                  "required": [p["name"] for p in operation.parameters if p.get("required")]}
        return self.object(schema, f"query_{operation.id}")


def schema_ref(schema):
    """The part of a schema that may name another one: through `oneOf` with null."""
    if "oneOf" in schema:
        return next(p for p in schema["oneOf"] if p != {"type": "null"})
    return schema


def int64(value):
    return f"INT64_C({value})" if value > -2**63 else "INT64_MIN"


def joined(parts):
    return ",\n         ".join(parts)


# ---- routes ----


def params_of(maker, source, operation):
    entries = []
    for name in operation.path_names():
        plain, _ = split_null(source, source.path_parameter(name))
        kind = "PARAM_" + name.upper() if name in PLACES else {"ID": "PARAM_ID"}.get(kind_of(plain), "PARAM_TEXT")
        field = "NULL"
        if kind == "PARAM_TEXT":
            field = f"&param_{name}"
            if name not in maker.done:
                maker.done[name] = True
                entry = maker.entry(name, plain, kind_of(plain), [])
                maker.tables.append(f"static const struct body_field param_{name} = {{{joined(entry)}}};\n")
        entries.append(f"{{{quoted(name)}, {kind}, {field}}}")
    return "{" + ", ".join(entries) + "}"


def access_of(operation):
    if operation.permission in permissions():
        return "ROUTE_PERMISSION", "PERMISSION_" + permissions()[operation.permission]
    return "ROUTE_" + operation.permission.upper(), "PERMISSION_COUNT"


def body_kind(operation):
    return {None: "BODY_NONE", "application/json": "BODY_JSON"}.get(operation.body_type, "BODY_RAW")


def route(maker, source, operation, query, body):
    access, permission = access_of(operation)
    params = params_of(maker, source, operation)
    parts = [f".method = METHOD_{operation.method.upper()}", f".path = {quoted(operation.path)}",
             f".prefix_len = {len(operation.path.split('{')[0])}", f".name = {quoted(operation.id)}",
             f".access = {access}", f".permission = {permission}",
             f".handle = {operation.id}", f".param_count = {len(operation.path_names())}"]
    if operation.path_names():
        parts.append(f".param = {params}")
    if query:
        parts.append(f".query = &object_{query}")
    if operation.list:
        parts.append(f".list = &list_{operation.id}")
    if operation.body is not None:
        parts += [f".body = {body_kind(operation)}", f".body_type = {quoted(operation.body_type)}",
                  f".body_max = {operation.body_max}"]
    if body:
        parts.append(f".object = &object_{body}")
    parts += [f".{flag} = true" for flag in ("below", "idempotent", "versioned") if getattr(operation, flag)]
    return "        {" + ",\n         ".join(parts) + "},\n"


def list_table(operation):
    of = operation.list
    words = ", ".join(quoted(w.lstrip("-")) for w in of["sort"]) + ", NULL"
    return (f"static const char *const sorts_{operation.id}[] = {{{words}}};\n"
            f"static const struct route_list list_{operation.id} = {{sorts_{operation.id}, "
            f"{str(of['sort'][0][0] == '-').lower()}, {of.get('limit', 100)}}};\n")


def sort_enum(operation):
    names = [f"{operation.id}_sort_{w.lstrip('-')}".upper() for w in operation.list["sort"]]
    return f"enum {operation.id}_sort {{ {', '.join(names)} }};\n"


def accessors(operation, query, body):
    text = f"void {operation.id}(struct request *request);\n"
    if query:
        text += (f"static inline const struct {query} *{operation.id}_query(const struct request *request)\n"
                 "{\n\treturn request->args;\n}\n")
    if body:
        text += (f"static inline const struct {body} *{operation.id}_body(const struct request *request)\n"
                 "{\n\treturn request->json;\n}\n")
    return text


HEADER = """/* Made by tools/openapi from docs/api/src; not by hand. */
#ifndef PLATFORM_HTTP_API_GEN_H
#define PLATFORM_HTTP_API_GEN_H

#include "platform/http/request.h"

extern const struct route routes[];
extern const size_t route_count;

"""
CODE = """/* Made by tools/openapi from docs/api/src; not by hand. */
#include "platform/http/api_gen.h"

#include "platform/http/body.h"

"""


def generate(source):
    maker, calls, rows, lists = Maker(source), "", "", ""
    # Fixed paths before those with a name in the same place: the first match is the route.
    ordered = sorted(source.operations, key=lambda o: [(s.startswith("{"), s) for s in o.path.split("/")])
    for operation in ordered:
        query, body = maker.query(operation), maker.body(operation)
        if operation.list:
            lists += list_table(operation)
            calls += sort_enum(operation)
        calls += accessors(operation, query, body)
        rows += route(maker, source, operation, query, body)
    header = HEADER + "\n".join(maker.structs) + "\n" + calls + "\n#endif\n"
    code = CODE + "".join(maker.tables) + lists + "\nconst struct route routes[] = {\n" + rows + "};\n\n" + \
        f"const size_t route_count = {len(ordered)};\n"
    return header, code
