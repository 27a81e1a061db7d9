#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The virtlxcd authors
"""Turns XDR language (RFC 4506) into C structs and the field tables of xdr-table.h.

    xdrgen.py IN.x OUT.h OUT.c [LIST.c]

LIST.c, which only tests want, has `const XdrType *const NAME_types[]` for NAME.x: every struct and
union, NULL at the end. src/base/xdr.h says how each declaration looks in C. The language is RFC 4506's, less what nothing
here needs: floats, quadruples, nested definitions, default arms of unions, and use of a type above
its definition (so that no type contains itself). Added are `char`, `unsigned char` and `unsigned
short`, each one word on the wire. A combination that C cannot say in one declaration, such as a
list of lists, is refused: wrap the inner one in a struct.
"""

import os
import re
import sys
from dataclasses import dataclass, replace

HEAD = """\
// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors
// Written by xdrgen.py from {source}: change that instead.
"""

C_KEYWORDS = set("""auto break case char const continue default do double else enum extern float for
goto if inline int long register restrict return short signed sizeof static struct switch typedef
union unsigned void volatile while bool true false""".split())


class Mistake(Exception):
    pass


@dataclass
class Element:
    """One value: its XdrKind, its C type, its least size on the wire, and what the kind needs."""
    kind: str
    ctype: str
    wire: int
    limit: str = "0"
    table: str = ""      # the struct kinds
    names: str = ""      # enums


@dataclass
class Declaration:
    name: str
    element: Element
    shape: str = "XDR_ONE"
    count: str = "0"     # as written: a number or a constant's name
    fixed: int = 1       # elements that are always there
    arm: str = "0"

    def wire(self):
        return 4 if self.shape == "XDR_LIST" else self.element.wire * self.fixed


SCALARS = {
    ("int",): Element("XDR_INT", "int32_t", 4),
    ("unsigned", "int"): Element("XDR_UINT", "uint32_t", 4),
    ("hyper",): Element("XDR_HYPER", "int64_t", 8),
    ("unsigned", "hyper"): Element("XDR_UHYPER", "uint64_t", 8),
    ("double",): Element("XDR_DOUBLE", "double", 8),
    ("bool",): Element("XDR_BOOL", "bool", 4),
    ("char",): Element("XDR_CHAR", "int8_t", 4),
    ("unsigned", "char"): Element("XDR_UCHAR", "uint8_t", 4),
    ("unsigned", "short"): Element("XDR_USHORT", "uint16_t", 4),
}


def camel(name):
    """remote_domain_get_info_ret -> RemoteDomainGetInfoRet, virNetMessageError -> VirNetMessageError."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def tokens(text):
    """(token, line) pairs; comments, blanks and lines starting with % or # are dropped."""
    pattern = re.compile(r"/\*.*?\*/|^[%#][^\n]*|\s+|(\w[\w]*|-\d+|[{}()<>\[\];:,=*])", re.S | re.M)
    at = 0
    while at < len(text):
        match = pattern.match(text, at)
        if not match:
            raise Mistake(f"line {text.count(chr(10), 0, at) + 1}: unexpected {text[at]!r}")
        if match.group(1):
            yield match.group(1), text.count("\n", 0, at) + 1
        at = match.end()


class Parser:
    def __init__(self, text):
        self.tokens = list(tokens(text)) + [("", 0)]
        self.at = 0
        self.constants = {}     # name -> int
        self.types = {}         # name -> Declaration, what a use of the name stands for
        self.definitions = []   # ("const" | "enum" | "struct" | "union", name, body) in order

    # ---- tokens ----

    def peek(self):
        return self.tokens[self.at][0]

    def next(self):
        self.at += 1
        return self.tokens[self.at - 1][0]

    def accept(self, token):
        if self.peek() != token:
            return False
        self.at += 1
        return True

    def expect(self, token):
        if not self.accept(token):
            raise self.mistake(f"expected '{token}' before '{self.peek()}'")

    def mistake(self, text):
        return Mistake(f"line {self.tokens[self.at][1]}: {text}")

    def identifier(self):
        name = self.next()
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or name in C_KEYWORDS:
            raise self.mistake(f"'{name}' cannot be a name")
        return name

    def number(self, text):
        if text in self.constants:
            return self.constants[text]
        try:
            return int(text, 0)
        except ValueError:
            raise self.mistake(f"'{text}' is neither a number nor a constant") from None

    def value(self):
        text = self.next()
        self.number(text)
        return text

    # ---- declarations ----

    def element(self):
        word = self.next()
        if word == "unsigned":
            second = self.next() if self.peek() in ("int", "hyper", "char", "short") else "int"
            return Declaration("", SCALARS[word, second])
        if (word,) in SCALARS:
            return Declaration("", SCALARS[word,])
        if word in ("struct", "enum", "union"):
            word = self.next()
        if word not in self.types:
            raise self.mistake(f"unknown type '{word}'")
        return self.types[word]

    def declaration(self):
        if self.accept("string"):
            name = self.identifier()
            return Declaration(name, Element("XDR_STRING", "char *", 4, self.limit()))
        if self.accept("opaque"):
            return self.opaque()
        inner = self.element()
        optional = self.accept("*")
        result = replace(inner, name=self.identifier())
        if optional:
            result = self.optional(result)
        if self.peek() in ("<", "["):
            result = self.several(result)
        return result

    def opaque(self):
        name = self.identifier()
        if self.peek() == "<":
            return Declaration(name, Element("XDR_BYTES", "", 4, self.limit()))
        self.expect("[")
        size = self.value()
        self.expect("]")
        return Declaration(name, Element("XDR_RAW", "uint8_t", (self.number(size) + 3) // 4 * 4, size))

    def limit(self):
        self.expect("<")
        limit = "UINT32_MAX" if self.peek() == ">" else self.value()
        self.expect(">")
        return limit

    def optional(self, declaration):
        kinds = {"XDR_STRING": "XDR_STRING_OR_NULL", "XDR_STRUCT": "XDR_STRUCT_OR_NULL"}
        element = declaration.element
        if declaration.shape != "XDR_ONE" or element.kind not in kinds:
            raise self.mistake(f"'{declaration.name}' cannot be optional: only strings and structs can")
        ctype = element.ctype if element.kind == "XDR_STRING" else element.ctype + " *"
        return replace(declaration,
                       element=replace(element, kind=kinds[element.kind], ctype=ctype, wire=4))

    def several(self, declaration):
        element = declaration.element
        if declaration.shape != "XDR_ONE" or element.kind in ("XDR_BYTES", "XDR_RAW"):
            raise self.mistake(f"'{declaration.name}': wrap the inner list in a struct")
        if element.wire == 0:
            raise self.mistake(f"'{declaration.name}': elements need a size")
        if self.peek() == "<":
            return replace(declaration, shape="XDR_LIST", count=self.limit())
        self.expect("[")
        count = self.value()
        self.expect("]")
        return replace(declaration, shape="XDR_ARRAY", count=count, fixed=self.number(count))

    # ---- definitions ----

    def define(self, name, declaration):
        if name in self.types:
            raise self.mistake(f"'{name}' is defined twice")
        self.types[name] = declaration

    def const(self):
        name = self.identifier()
        self.expect("=")
        text = self.value()
        self.constants[name] = self.number(text)
        self.definitions.append(("const", name, text))

    def typedef(self):
        declaration = self.declaration()
        self.define(declaration.name, declaration)

    def enum(self):
        name = self.identifier()
        self.expect("{")
        body = []
        while True:
            item = self.identifier()
            self.expect("=")
            text = self.value()
            self.constants[item] = self.number(text)
            body.append((item, text))
            if not self.accept(","):
                break
        self.expect("}")
        self.define(name, Declaration("", Element("XDR_ENUM", camel(name), 4, names=name + "_names")))
        self.definitions.append(("enum", name, body))

    def struct(self):
        name = self.identifier()
        self.expect("{")
        body = []
        while not self.accept("}"):
            body.append(self.declaration())
            self.expect(";")
        if not body:
            raise self.mistake(f"struct '{name}' is empty")
        wire = sum(field.wire() for field in body)
        self.finish("struct", name, body, wire)

    def union(self):
        name = self.identifier()
        self.expect("switch")
        self.expect("(")
        switch = self.declaration()
        if switch.element.kind not in ("XDR_INT", "XDR_ENUM") or switch.shape != "XDR_ONE":
            raise self.mistake(f"union '{name}' switches on an int or an enum only")
        self.expect(")")
        self.expect("{")
        body = [switch]
        while not self.accept("}"):
            self.expect("case")
            arm = self.value()
            self.expect(":")
            body.append(replace(self.declaration(), arm=arm))
            self.expect(";")
        wire = 4 + min(field.wire() for field in body[1:])
        self.finish("union", name, body, wire)

    def finish(self, kind, name, body, wire):
        table = name + "_xdr"
        self.define(name, Declaration("", Element("XDR_STRUCT", camel(name), wire, table=table)))
        self.definitions.append((kind, name, body))

    def parse(self):
        kinds = {"const": self.const, "typedef": self.typedef, "enum": self.enum,
                 "struct": self.struct, "union": self.union}
        while self.peek():
            kind = self.next()
            if kind not in kinds:
                raise self.mistake(f"'{kind}' does not begin a definition")
            kinds[kind]()
            self.expect(";")


# ---- C ----------------------------------------------------------------------------------------


def spaced(ctype):
    return ctype if ctype.endswith("*") else ctype + " "


def c_declaration(field):
    element, name = field.element, field.name
    if element.kind == "XDR_BYTES":
        return f"struct {{ uint32_t len; uint8_t *data; }} {name}"
    if element.kind == "XDR_RAW":
        return f"uint8_t {name}[{element.limit}]"
    if field.shape == "XDR_LIST":
        return f"struct {{ uint32_t len; {spaced(element.ctype)}*items; }} {name}"
    suffix = f"[{field.count}]" if field.shape == "XDR_ARRAY" else ""
    return f"{spaced(element.ctype)}{name}{suffix}"


def c_types(parser):
    for kind, name, body in parser.definitions:
        ctype = camel(name)
        if kind == "const":
            yield f"#define {name} {body}\n"
        elif kind == "enum":
            rows = "".join(f"    {item} = {value},\n" for item, value in body)
            yield f"\ntypedef enum {ctype} {{\n{rows}}} {ctype};\n"
        elif kind == "struct":
            rows = "".join(f"    {c_declaration(field)};\n" for field in body)
            yield f"\ntypedef struct {ctype} {{\n{rows}}} {ctype};\nextern const XdrType {name}_xdr;\n"
        else:
            rows = "".join(f"        {c_declaration(field)};\n" for field in body[1:])
            yield (f"\ntypedef struct {ctype} {{\n    {c_declaration(body[0])};\n    union {{\n{rows}"
                   f"    }} value;\n}} {ctype};\nextern const XdrType {name}_xdr;\n")


def element_size(field):
    element = field.element
    if element.kind == "XDR_BYTES":
        return "sizeof(struct { uint32_t len; uint8_t *data; })"
    if element.kind == "XDR_RAW":
        return element.limit
    return f"sizeof({element.ctype})"


def c_row(ctype, field, member):
    element = field.element
    columns = [f'.name = "{field.name}"', f".kind = {element.kind}", f".shape = {field.shape}",
               f".offset = offsetof({ctype}, {member})", f".size = {element_size(field)}",
               f".wire = {element.wire}"]
    optional = [("count", field.count, "0"), ("limit", element.limit, "0"), ("arm", field.arm, "0"),
                ("type", "&" + element.table, "&"), ("names", element.names, "")]
    columns += [f".{column} = {value}" for column, value, unset in optional if value != unset]
    return f"    {{ {', '.join(columns)} }},\n"


def c_tables(parser):
    for kind, name, body in parser.definitions:
        ctype = camel(name)
        if kind == "enum":
            rows = "".join(f'    {{ "{item}", {value} }},\n' for item, value in body)
            yield f"\nstatic const XdrEnumName {name}_names[] = {{\n{rows}    {{ NULL, 0 }},\n}};\n"
        elif kind in ("struct", "union"):
            members = [field.name for field in body]
            if kind == "union":
                members[1:] = [f"value.{field.name}" for field in body[1:]]
            rows = "".join(c_row(ctype, field, member) for field, member in zip(body, members))
            yield (f"\nstatic const XdrField {name}_fields[] = {{\n{rows}}};\n"
                   f'const XdrType {name}_xdr = {{ .name = "{name}", .fields = {name}_fields,'
                   f" .n_fields = {len(body)}, .size = sizeof({ctype}),"
                   f" .is_union = {'true' if kind == 'union' else 'false'} }};\n")


def enums_in_use(parser):
    """The names of enums that some field has: a table nobody uses is a compiler warning."""
    return {field.element.names for kind, _, body in parser.definitions if kind in ("struct", "union")
            for field in body if field.element.names}


def c_list(parser, stem):
    rows = "".join(f"    &{name}_xdr,\n" for kind, name, _ in parser.definitions
                   if kind in ("struct", "union"))
    return (f"extern const XdrType *const {stem}_types[];\n"
            f"const XdrType *const {stem}_types[] = {{\n{rows}    NULL,\n}};\n")


def main():
    source, header, code, *listing = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        parser = Parser(file.read())
    parser.parse()
    head = HEAD.format(source=os.path.basename(source))
    used = enums_in_use(parser)
    with open(header, "w", encoding="utf-8") as file:
        file.write(head + '#pragma once\n\n#include "base/xdr.h"\n\n' + "".join(c_types(parser)))
    parser.definitions = [item for item in parser.definitions
                          if item[0] != "enum" or item[1] + "_names" in used]
    with open(code, "w", encoding="utf-8") as file:
        file.write(f'{head}#include "{os.path.basename(header)}"\n\n#include "base/xdr-table.h"\n'
                   + "".join(c_tables(parser)))
    for path in listing:
        stem = os.path.basename(source).removesuffix(".x").replace("-", "_")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'{head}#include "{os.path.basename(header)}"\n\n' + c_list(parser, stem))


if __name__ == "__main__":
    try:
        main()
    except Mistake as mistake:
        sys.exit(f"{sys.argv[1]}: {mistake}")
