#!/usr/bin/env python3
"""Renders the templates of features.json anew: render.py FOLDER_OF_render_reference.py. Needs jinja2."""
import json
import pathlib
import sys

sys.path.insert(0, sys.argv[1])
from render_reference import DEFAULTS, environment

path = pathlib.Path(__file__).with_name("features.json")
features = json.loads(path.read_text(encoding="utf-8"))
env = environment()
for group in features["groups"]:
    for case in group["cases"]:
        template = case["template"]
        case.clear()
        case["template"] = template
        try:
            case["ok"] = env.from_string(template).render(**{**DEFAULTS, **json.loads(json.dumps(group["arguments"]))})
        except Exception as error:
            case["err"] = f"{type(error).__name__}: {error}"[:120]
path.write_text(json.dumps(features, ensure_ascii=False, indent=0), encoding="utf-8")
