"""The packs as installed, for tests of the pure rules: read from the migrations, so that the two cannot drift apart."""

from __future__ import annotations

from importlib import import_module

from compliance.rules import Rule

_first = import_module("compliance.migrations.0003_first_rules")
_gate = import_module("compliance.migrations.0010_gate_rules")
_opt_outs = import_module("compliance.migrations.0061_opt_out_rules")

INSTALLED = [
    *(
        Rule(code, version, starts, _gate.POINT if code == "contact-point" else parameters)
        for code, version, starts, parameters, _ in _first.RULES
    ),
    *(
        Rule(code, version, starts, parameters, pack)
        for pack, code, version, starts, parameters, _ in (*_gate.RULES, *_opt_outs.RULES)
    ),
]
