# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The shape of files: licence lines, lengths, names, habits that are not wanted."""

import ast
import re
import statistics

from trellis.lint.tree import Finding, is_test

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 100
FUNCTION_LINES_95TH = 50
PARAMETERS_MAX = 5
RAW_CALL = re.compile(r"native_call_\d")  # one parameter per register, by nature
LICENSED = (".c", ".h", ".S", ".py", ".ld", ".toml", ".ini", ".md", "meson.build",
            "meson_options.txt", "/trellis", "manifest", ".ci/run", ".sh")
SPDX = "SPDX-License-Identifier: MIT"
COPYRIGHT = "Copyright The Trellis authors"
ARCHITECTURE = re.compile(
    r"^[ \t]*#[ \t]*(?:el)?if.*\b(__x86_64__|__amd64__|__aarch64__|__riscv\w*|__i386__)\b",
    re.MULTILINE)
STRUCT_TYPEDEF = re.compile(r"^typedef\s+(?:struct|union)\b", re.MULTILINE)
EXTERN = re.compile(r"^\s*extern\b", re.MULTILINE)
GOTO = re.compile(r"^\s+goto\b", re.MULTILINE)
OVERTAKEN_STORE = re.compile(r"\batomic_store\(|\b__atomic_store_n\([^;]*__ATOMIC_SEQ_CST")
FUNCTION = re.compile(r"^(?P<head>[A-Za-z_][^;{}=]*?\((?P<parameters>[^;{}]*)\)[^;{}]*?)\n\{\n"
                      r"(?P<body>.*?)^\}", re.MULTILINE | re.DOTALL)


def check(tree):
    """All findings of this module."""
    return (check_licence(tree) + check_lengths(tree) + check_architecture(tree)
            + check_habits(tree))


def check_licence(tree):
    """The two lines at the top of every file we wrote."""
    findings = []
    for path in tree.files:
        if ("/" + path).endswith(LICENSED):
            top = tree.text(path)[:400]
            if SPDX not in top or COPYRIGHT not in top:
                findings.append(Finding(path, 1, f"the first lines must have '{SPDX}' and "
                                                 f"'{COPYRIGHT}'"))
    return findings


def functions_of(tree, path):
    """[(name, line, number of lines, number of parameters)] of a C or Python file."""
    if path.endswith(".py"):
        nodes = ast.walk(ast.parse(tree.text(path)))
        return [(node.name, node.lineno, node.end_lineno - node.lineno + 1, len(node.args.args))
                for node in nodes if isinstance(node, ast.FunctionDef)]
    code = tree.code(path)
    return [(_name_of(found["head"]), code.count("\n", 0, found.start()) + 1,
             found[0].count("\n") + 1, _parameters_of(found["parameters"]))
            for found in FUNCTION.finditer(code)]


def _name_of(head):
    words = re.findall(r"(\w+)\s*\(", re.sub(r"__attribute__\s*\(\(.*?\)\)", "", head))
    return words[0] if words else head.strip()


def _parameters_of(text):
    flat = re.sub(r"\([^()]*\)", "", text).strip()
    return 0 if flat in ("", "void") else flat.count(",") + 1


def check_lengths(tree):
    """Files, functions and parameter lists that are too long."""
    findings, lengths = [], []
    for path in tree.matching(".c", ".h", ".S", ".py"):
        lines = tree.text(path).count("\n")
        if lines > FILE_LINES_MAX:
            findings.append(Finding(path, lines, f"{lines} lines, {FILE_LINES_MAX} allowed"))
        if path.endswith(".S"):
            continue
        for name, line, length, parameters in functions_of(tree, path):
            if not is_test(path):
                lengths.append(length)
            if length > FUNCTION_LINES_MAX:
                findings.append(Finding(path, line, f"{name} has {length} lines, "
                                                    f"{FUNCTION_LINES_MAX} allowed"))
            if parameters > PARAMETERS_MAX and _is_held_to_parameters(path, name):
                findings.append(Finding(path, line, f"{name} has {parameters} parameters, "
                                                    f"{PARAMETERS_MAX} allowed: use a struct"))
    if len(lengths) > 20:
        at_95th = statistics.quantiles(lengths, n=20)[-1]
        if at_95th > FUNCTION_LINES_95TH:
            findings.append(Finding(".", 0, f"5 % of the functions are over {at_95th:.0f} lines; "
                                            f"{FUNCTION_LINES_95TH} are aimed at"))
    return findings


def _is_held_to_parameters(path, name):
    return not path.endswith(".py") and not is_test(path) and not RAW_CALL.fullmatch(name)


def check_architecture(tree):
    """No architecture conditionals outside folders called arch."""
    findings = []
    for path in tree.matching(".c", ".h"):
        if "/arch/" not in path and not is_test(path):
            findings += _each(tree, path, ARCHITECTURE,
                              "architecture conditional in generic code: use an arch_ hook")
    return findings


def check_habits(tree):
    """Struct typedefs, extern in .c files, goto, stores that promise more than they hold (docs/locking.md).

    Tests may declare what C libraries lack.
    """
    findings = []
    for path in tree.matching(".c", ".h"):
        if is_test(path):
            continue
        findings += _each(tree, path, STRUCT_TYPEDEF, "no typedefs of structures")
        findings += _each(tree, path, GOTO, "no goto: check first, then commit")
        findings += _each(tree, path, OVERTAKEN_STORE, "a later load may overtake it: exchange, "
                          "ordered_store or an explicit order")
        if path.endswith(".c"):
            findings += _each(tree, path, EXTERN, "extern in a .c file: declare it in a header")
    return findings


def _each(tree, path, pattern, message):
    code = tree.code(path)
    return [Finding(path, code.count("\n", 0, found.start()) + 1, message)
            for found in pattern.finditer(code)]
