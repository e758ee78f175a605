"""Condition strings of correlations: pySigma's parse tree as an expression or as stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionItem,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaRuleReference,
)

from trident.rule.plan import AllOf, AnyOf, Expression, Has, Not, Ordered

Node = SigmaRuleReference | CorrelationConditionItem


def expression(node: Node, index: Mapping[str, int]) -> Expression:
    """A temporal condition as an expression over branch indices."""
    if isinstance(node, SigmaRuleReference):
        return Has(index[node.reference])
    parts = tuple(expression(part, index) for part in node.args)
    if isinstance(node, CorrelationConditionNOT):
        return Not(parts[0])
    return AllOf(parts) if isinstance(node, CorrelationConditionAND) else AnyOf(parts)


def stages(node: Node, index: Mapping[str, int]) -> Ordered:
    """An ordered condition as stages and absent branches.

    Raises:
        ValueError: for what docs/semantics.md refuses as meaningless in an ordered condition.
    """
    positive: list[tuple[int, ...]] = []
    absent: list[int] = []
    for operand in _operands(node):
        if isinstance(operand, CorrelationConditionNOT):
            absent.extend(_alternatives(operand.args[0], index, "not"))
        else:
            positive.append(_alternatives(operand, index, "or"))
    if not positive:
        raise ValueError("the condition has no rule without not")
    if absent and len(positive) < 2:
        raise ValueError("not needs two stages that it can stand between")
    if any(set(stage) <= set(absent) for stage in positive):
        raise ValueError("a stage that not excludes as a whole is never there")
    return Ordered(tuple(positive), tuple(dict.fromkeys(absent)))


def _operands(node: Node) -> Iterator[Node]:
    """The operands of the top-level ``and``, nested ones flattened."""
    if isinstance(node, CorrelationConditionAND):
        for part in node.args:
            yield from _operands(part)
    else:
        yield node


def _alternatives(node: Node, index: Mapping[str, int], where: str) -> tuple[int, ...]:
    """The branches of a rule or an ``or`` of rules, each once."""
    if isinstance(node, SigmaRuleReference):
        return (index[node.reference],)
    if isinstance(node, CorrelationConditionOR):
        branches = [branch for part in node.args for branch in _alternatives(part, index, "or")]
        return tuple(dict.fromkeys(branches))
    kind = "and" if isinstance(node, CorrelationConditionAND) else "not"
    raise ValueError(f"{kind} inside {where} has no meaning in an ordered condition")
