"""Inside the process of a run: what a block raised, warned of and declared, and why it has failed, if it has."""

import contextlib
import re
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

from blocks.run.shared.protocol import ERRORS, Step

OWN = str(Path(__file__).parents[1])
MOST_ERRORS = 60
HEAD = r"Traceback \(most recent call last\):\n"
SPAWNED = rf'{HEAD}(?:  File "<string>".*\n(?:    .*\n)*)?  File ".*multiprocessing.(?:spawn|forkserver)\.py"'
CHILD = re.compile(rf"^(?:(?P<thread>Exception in thread )|Process \S+:$|{SPAWNED})", re.MULTILINE)
WHAT = re.compile(rf"{HEAD}(?:.*\n)*?(?P<what>[A-Za-z_][\w.]*(?::\s+.*)?)$", re.MULTILINE)


def judge(step: Step, error: BaseException) -> str:
    """Return why this exception is a failure; print its type and message where the block should raise it."""
    last = "".join(traceback.format_exception_only(error)).rstrip()
    if "raises" in step.expected:
        if is_one(type(error), step.expected["raises"]) and re.search(step.matches["raises"], str(error)):
            print(last)
            return ""
        return f"the block raised {last}, and should raise {expectation(step, 'raises')}\n\n{exception_report(error)}"
    if "warns" in step.expected and isinstance(error, Warning):
        return f"the block warned {last}, and should warn {expectation(step, 'warns')}\n\n{exception_report(error)}"
    if isinstance(error, SystemExit):
        return f"the block ended the program: SystemExit({error.code!r})"
    return exception_report(error)


def expectation(step: Step, mark: str) -> str:
    """Return what the block should raise, or warn, in words."""
    kinds = " or ".join(step.expected[mark])
    return f"{kinds} with a message that matches {step.matches[mark]!r}" if step.matches[mark] else kinds


def is_one(kind: type[BaseException], names: tuple[str, ...]) -> bool:
    """Tell whether a class or one that it derives from has one of these names."""
    return bool({base.__name__ for base in kind.__mro__} & set(names))


def exception_report(error: BaseException) -> str:
    """Return an exception with its traceback, from which the runner's own frames are left out."""
    report = traceback.TracebackException.from_exception(error)
    for part in parts(report):
        part.stack[:] = [frame for frame in part.stack if not frame.filename.startswith(OWN)]
    return "".join(report.format()).rstrip()


def parts(report: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """Yield the report on an exception and those on what it came from or consists of."""
    yield report
    for other in (report.__cause__, report.__context__, *(getattr(report, "exceptions", None) or ())):
        if other is not None:
            yield from parts(other)


@contextlib.contextmanager
def expecting_warning(step: Step) -> Iterator[None]:
    """Print the warnings that the block declares as `Category: message`; fail if none of them comes."""
    if "warns" not in step.expected:
        yield
        return
    seen = []
    kinds = [kind for kind in below(Warning) if kind.__name__ in step.expected["warns"]]
    with warnings.catch_warnings():
        for kind in kinds or [Warning]:
            warnings.filterwarnings("always", f"(?s:.*?)(?:{step.matches['warns']})", kind)

        def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
            seen.append(message)
            print(f"{category.__name__}: {message}")

        warnings.showwarning = show
        yield
    if not seen:
        raise AssertionError(f"the block warned of nothing, and should warn {expectation(step, 'warns')}")


def below(kind: type[Warning]) -> Iterator[type[Warning]]:
    """Yield a class and all that derive from it."""
    yield kind
    for derived in kind.__subclasses__():
        yield from below(derived)


def failed_child(errors: str) -> str:
    """Return what a process or thread that the block started has failed with, by what it wrote to standard error."""
    found = CHILD.search(errors)
    what = WHAT.search(errors, found.start()) if found else None
    who = "thread" if found and found["thread"] else "process"
    return f"a {who} that the block started failed: {' '.join(what['what'].split())}" if what else ""


def with_errors(reason: str, errors: str) -> str:
    """Return why a block failed, also for what its children wrote to standard error, and the end of that."""
    reason = reason or failed_child(errors)
    tail = "\n".join(errors.rstrip().splitlines()[-MOST_ERRORS:])
    return f"{reason}{ERRORS}{tail}" if reason and tail else reason
