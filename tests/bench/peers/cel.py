"""cel-expr-python: a program a clause, a program a rule, or all rules as one list expression."""

from typing import Any, Final

from bench.peers.expressions import Dialect, rule_expressions
from bench.peers.peer import Told, told
from bench.peers.terms import Data, Policy, Shape
from cel_expr_python import cel

KNOWS_NULL: Final = True

DIALECT: Final = Dialect(
    field=lambda name: name,
    absent=lambda name: f"{name} == null",
    there=lambda name: f"{name} != null",
    negated=lambda test: f"!({test})",
    joined=(" && ", " || "),
    chosen=lambda test, met, unmet: f"({test} ? {met} : {unmet})",
    apart=lambda left, right: f"({left} > {right} ? {left} - {right} : {right} - {left})",
    in_list=lambda member, listed: f"{member} in {listed}",
)
_TYPES: Final[dict[Shape, Any]] = {
    "number": cel.Type.INT,
    "boolean": cel.Type.BOOL,
    "word": cel.Type.STRING,
    "words": cel.Type.List(cel.Type.STRING),
}


class _Cel:
    """Typed variables; a fact that may be absent is of any type, so that it can be null."""

    returns_trace = False

    def __init__(self, policy: Policy) -> None:
        self.env = cel.NewEnv(
            variables={
                field.name: cel.Type.DYN if field.may_be_none else _TYPES[field.shape]
                for field in policy.fields
            }
        )
        written, self.outcomes = rule_expressions(policy, DIALECT)
        self.written = list(written.values())
        self.answers = [DIALECT.term(term) for term in policy.answers.values()]

    def ready(self, data: Data) -> Data:
        return data


class CelList(_Cel):
    """The least work for it: one program, one list."""

    name = "cel-expr-python, one list expression"
    keeps = "each rule's outcome, by place"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.program = self.env.compile(f"[{', '.join([*self.answers, *self.written])}]")

    def judge(self, ready: Data) -> Told:
        values = self.program.eval(data=ready).plain_value()
        numbers = values[len(self.answers) :]
        return told(self.outcomes, [number - 1 for number in numbers if number])


class CelRules(_Cel):
    """A program a rule, over one activation."""

    name = "cel-expr-python, a program a rule"
    keeps = "each rule's outcome, by place"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.programs = [self.env.compile(text) for text in self.written]
        self.others = [self.env.compile(text) for text in self.answers]

    def judge(self, ready: Data) -> Told:
        activation = self.env.Activation(ready)
        for program in self.others:
            program.eval(activation).value()
        numbers = [program.eval(activation).value() for program in self.programs]
        return told(self.outcomes, [number - 1 for number in numbers if number])


class CelClauses(_Cel):
    """What comes nearest to our record: a program a clause, and the rules beside them."""

    name = "cel-expr-python, a program a clause"
    keeps = "each clause's outcome, by place"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.clauses = [self.env.compile(DIALECT.test(each)) for each in policy.clauses()]
        self.program = self.env.compile(f"[{', '.join([*self.answers, *self.written])}]")

    def judge(self, ready: Data) -> Told:
        activation = self.env.Activation(ready)
        for program in self.clauses:
            program.eval(activation).value()
        numbers = self.program.eval(activation).plain_value()[len(self.answers) :]
        return told(self.outcomes, [number - 1 for number in numbers if number])
