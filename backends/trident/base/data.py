"""YAML data that ships inside a package."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml

_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"


def shipped(package: str, name: str) -> Any:
    """The content of a YAML file in a package, such as ``backends``, ``codes.yml``."""
    return read_data(resources.files(package) / name)


def read_data(file: Traversable) -> Any:
    """The content of a YAML file.

    What an anchor names is one object wherever it is used. Texts, lists and mappings are made of
    libyaml's nodes directly: PyYAML's general way takes twice as long, at every start.
    """
    loader = yaml.CSafeLoader(file.read_bytes())
    made: dict[int, Any] = {}

    def build(node: yaml.Node) -> Any:
        if node.tag == _TEXT:
            return node.value
        if id(node) not in made:
            made[id(node)] = _built(node)
        return made[id(node)]

    def _built(node: yaml.Node) -> Any:
        if isinstance(node, yaml.SequenceNode):
            return [build(each) for each in node.value]
        if isinstance(node, yaml.MappingNode):
            if any(key.tag == _MERGE for key, _ in node.value):
                loader.flatten_mapping(node)
            return {build(key): build(value) for key, value in node.value}
        return loader.construct_object(node)

    root = loader.get_single_node()
    return build(root) if root else None
