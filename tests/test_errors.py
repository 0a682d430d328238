# SPDX-License-Identifier: Apache-2.0
"""Errors: what they say, and that they survive a trip to another process."""

import copy
import multiprocessing
import pickle
import traceback
from concurrent.futures import ProcessPoolExecutor

import pytest

from keyless import errors
from keyless.errors import (
    BatchError,
    Check,
    ImageNotFound,
    InputError,
    KeylessError,
    LoginError,
    LoginFailure,
    NoMatchingSignature,
    NoSignatures,
    NoSuchEntry,
    NotPushed,
    NotSearchable,
    ParseError,
    PolicyError,
    RateLimited,
    RegistryAuthError,
    Rejected,
    ServiceError,
    SplitView,
    TrustError,
    UnsupportedError,
    VerificationError,
)

# One of every class, with every field.
ERRORS = (
    KeylessError("a", hint="do b"),
    InputError("no such file", hint="name another"),
    ImageNotFound("no such tag", hint="push it"),
    NoSuchEntry("no such entry", hint="there are three"),
    NotSearchable("no index", hint="scan it"),
    ParseError("missing", path="$.a.b[2]", hint="ask the signer"),
    UnsupportedError("a key of kind DSA", path="$.key", hint="use another"),
    VerificationError("wrong", check=Check.SCT, found="x", wanted="y", hint="z"),
    PolicyError("signed by another", found="jane", wanted="john", hint="ask jane"),
    NoSignatures("none", check=Check.SIGNATURE, found="3 places", wanted="one", hint="sign"),
    NoMatchingSignature(
        "1 rejected",
        check=Check.POLICY,
        found="jane",
        wanted="john",
        hint="ask jane",
    ),
    SplitView("another root", older="a\n1\n", newer="a\n2\n", found="x", wanted="y"),
    ServiceError("HTTP 503", service="fulcio.example", status=503, hint="try again"),
    TrustError("expired", service="tuf.example", status=404, hint="use --offline"),
    RegistryAuthError("HTTP 401", service="registry.example", status=401, hint="log in"),
    RateLimited("429", service="registry.example", status=429, seconds=3.5, hint="wait"),
    NotPushed("507", service="registry.example", hint="attach it"),
    LoginError("no browser", reason=LoginFailure.NOBODY_THERE, hint="use a device code"),
    BatchError("1 of 2 failed", failures=(("b.whl", InputError("gone", hint="x")),), hint="again"),
)
each = pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)


def fail(position: int) -> None:
    """Raise one of them, as a worker does."""
    raise ERRORS[position]


def same(first: KeylessError, second: object) -> bool:
    """Say whether two errors are of one class and have the same content."""
    return isinstance(second, KeylessError) and content(first) == content(second)


def content(error: KeylessError) -> tuple[object, ...]:
    """Return what *error* is made of, and what the errors in it are."""
    fields = dict(error.__dict__)
    if isinstance(error, BatchError):
        fields["failures"] = [(name, content(each)) for name, each in error.failures]
    return type(error), error.args, fields


def test_every_class_is_tested() -> None:
    """A class that is added joins this list."""
    classes = {
        cls
        for cls in vars(errors).values()
        if isinstance(cls, type) and issubclass(cls, KeylessError)
    }
    assert {type(error) for error in ERRORS} == classes


@each
def test_error_is_the_same_after_pickling(error: KeylessError) -> None:
    """Message, hint and every field."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert same(error, pickle.loads(pickle.dumps(error, protocol)))
    assert same(error, copy.copy(error))
    assert same(error, copy.deepcopy(error))


def test_errors_come_back_from_worker_processes() -> None:
    """One that could not be rebuilt would break the whole pool, and every item with it."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        futures = [pool.submit(fail, position) for position in range(len(ERRORS))]
        returned = [future.exception(timeout=60) for future in futures]
    for error, back in zip(ERRORS, returned, strict=True):
        assert same(error, back)


def test_notes_are_kept() -> None:
    """A caller may have added where it happened."""
    error = VerificationError("wrong", check=Check.KEY)
    error.add_note("in bundle 7")
    assert pickle.loads(pickle.dumps(error)).__notes__ == ["in bundle 7"]


@each
def test_every_error_is_a_keyless_error(error: KeylessError) -> None:
    """One `except` catches all of them, with message and hint."""
    assert error.message == str(error) == error.args[0]
    assert error.hint
    assert error.message in "".join(traceback.format_exception(error))


def test_fields_that_are_not_given_are_none() -> None:
    """A message is enough, and a check for a refusal."""
    assert InputError("x").hint is None
    assert ParseError("x").path is None
    refusal = VerificationError("x", check=Check.KEY)
    assert (refusal.found, refusal.wanted, refusal.hint) == (None, None, None)
    assert ServiceError("x", service="y").status is None
    assert LoginError("x").reason is LoginFailure.NO_IDENTITY


def test_malformed_content_says_where() -> None:
    """The path comes before the message, and is a field of its own."""
    error = ParseError("missing", path="$.a.b[2]")
    assert str(error) == "$.a.b[2]: missing"
    assert error.path == "$.a.b[2]"


def test_path_is_shown_safely() -> None:
    """The keys of a JSON object are chosen by whoever wrote it."""
    assert str(ParseError("missing", path="$.a\x1b[2J\u202e")) == "$.a\\x1b[2J\\u202e: missing"


@pytest.mark.parametrize("cls", [ParseError, UnsupportedError])
def test_malformed_content_is_refused_by_the_parser(cls: type[ParseError]) -> None:
    """Refusals are asked for their check, whichever it is."""
    assert cls("x").check is Check.PARSE


def test_policies_refuse_in_their_own_name() -> None:
    """A policy's refusal is one of verification."""
    error = PolicyError("x")
    assert error.check is Check.POLICY
    assert isinstance(error, VerificationError)


def test_kinds_unknown_here_are_malformed_to_those_who_do_not_ask() -> None:
    """And trust that cannot be had is a service's failure."""
    assert issubclass(UnsupportedError, ParseError)
    assert issubclass(TrustError, ServiceError)


def test_checks_are_named_in_words() -> None:
    """They stand in messages, so no two are called the same."""
    names = [check.value for check in Check]
    assert len(set(names)) == len(names)
    assert all(name and "_" not in name for name in names)


def test_what_was_rejected_says_where_and_why() -> None:
    """In one line, as a list of them shows it."""
    assert str(Rejected(location="tag x", error=InputError("gone", hint="y"))) == "tag x: gone"


def test_what_was_not_pushed_travels_with_its_error() -> None:
    """It is logged for ever, and made but once."""
    error = NotPushed("507", service="registry.example")
    error.bundles = (b"{}",)
    assert pickle.loads(pickle.dumps(error)).bundles == (b"{}",)


def test_what_was_rejected_travels_with_its_error() -> None:
    """Each with its own reason."""
    error = NoMatchingSignature("none", check=Check.POLICY)
    error.rejected = (Rejected(location="tag x", error=InputError("gone", hint="y")),)
    (rejected,) = pickle.loads(pickle.dumps(error)).rejected
    assert (str(rejected), rejected.error.hint) == ("tag x: gone", "y")
